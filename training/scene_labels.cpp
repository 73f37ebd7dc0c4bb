// SPDX-License-Identifier: Apache-2.0
// Which frames of a drawn scene are what: for judging what was found in it.
#include "scene_labels.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace novelty {

SceneRanges default_novel_ranges(int frames) {
  if (frames < 20) return {};
  const auto tenth = [frames](int n) { return static_cast<int>(n * std::int64_t{frames} / 10); };
  return {{tenth(4), tenth(5) - 1}, {tenth(6), tenth(7) - 1}, {tenth(8), tenth(9) - 1}};
}

SceneLabels scene_labels(int frames, int fps, const SceneRanges& novel) {
  const int first_novel = novel.empty() ? frames : novel.front().first;
  const int trained = std::min(std::max(1, frames / 4), first_novel);
  SceneLabels labels{frames, {}, {}, novel};
  if (trained > 0) labels.train.emplace_back(0, trained - 1);
  int from = trained;
  const auto add_normal = [&](int end) {
    if (end > from) labels.normal.emplace_back(from, end - 1);
  };
  for (const auto& [first, last] : novel) {
    add_normal(first);
    from = last + 1 + fps / 2;
  }
  add_normal(frames);
  return labels;
}

std::string labels_json(const SceneLabels& labels, const std::string& clip) {
  nlohmann::ordered_json facts{{"frames", labels.frames}, {"train", labels.train}};
  facts["normal"] = labels.normal;
  facts["novel"] = labels.novel;
  facts["note"] = "normal: the cell at work; novel: with a foreign object in it";
  const nlohmann::ordered_json all{
      {"about", "Frame ranges (0-based, both ends included). Frames in no range are not used."},
      {clip, facts}};
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace novelty
