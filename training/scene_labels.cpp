// SPDX-License-Identifier: Apache-2.0
// Which frames of a drawn scene are what: for judging what was found in it.
#include "scene_labels.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/rng.h"

namespace novelty {
namespace {

constexpr int kLeastFrames = 20;
constexpr double kSlotS = 4.75;  // a visit and the pause after it
constexpr double kMostOfSlot = 3 / kSlotS;
constexpr std::uint64_t kScheduleStream = 0x5c4e;

double rounded(double share) {
  return std::round(share * 1e4) / 1e4;
}

nlohmann::ordered_json json_of(const SceneVisit& visit) {
  return {{"frames", {visit.first, visit.last}}, {"kind", kind_name(visit)},
          {"place", place_name(visit)},          {"moving", visit.moving()},
          {"area", rounded(visit.area)},         {"contrast", rounded(visit.contrast)}};
}

}  // namespace

SceneRanges default_novel_ranges(int frames, int fps, std::uint64_t seed) {
  if (frames < kLeastFrames) return {};
  Rng rng(seed, kScheduleStream);
  const int start = static_cast<int>(std::int64_t{frames} * 9 / 16);
  const int visits = std::max(1, static_cast<int>((frames - start) / (kSlotS * fps)));
  const double slot = (frames - start) / double(visits);
  SceneRanges ranges;
  for (int i = 0; i < visits; ++i) {
    const double wanted = (2 + rng.uniform()) * fps;
    const int first = start + static_cast<int>(i * slot);
    ranges.emplace_back(first, first + static_cast<int>(std::min(wanted, slot * kMostOfSlot)) - 1);
  }
  return ranges;
}

SceneLabels scene_labels(int frames, int fps, const SceneRanges& novel) {
  const int first_novel = novel.empty() ? frames : novel.front().first;
  const int trained = std::min(std::max(1, frames / 4), first_novel);
  SceneLabels labels{frames, fps, {}, {}, novel};
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

std::string labels_json(const SceneLabels& labels, const std::vector<SceneVisit>& visits,
                        const std::string& clip) {
  nlohmann::ordered_json facts{
      {"frames", labels.frames}, {"fps", labels.fps}, {"train", labels.train}};
  facts["normal"] = labels.normal;
  facts["novel"] = labels.novel;
  facts["visits"] = nlohmann::ordered_json::array();
  for (const SceneVisit& visit : visits) facts["visits"].push_back(json_of(visit));
  facts["note"] =
      "normal: the cell at work; novel: with something that does not belong, or without "
      "something that does";
  const nlohmann::ordered_json all{
      {"about", "Frame ranges (0-based, both ends included). Frames in no range are not used."},
      {clip, facts}};
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace novelty
