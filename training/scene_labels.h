// SPDX-License-Identifier: Apache-2.0
// Which frames of a drawn scene are what: for judging what was found in it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace novelty {

using SceneRanges = std::vector<std::pair<int, int>>;  ///< first and last frame, ascending

/// Three visits of a foreign object in the later part of a clip; none in a clip too short for them.
SceneRanges default_novel_ranges(int frames);

struct SceneLabels {
  int frames = 0;
  SceneRanges train;   ///< normal footage to learn from: up to the first quarter
  SceneRanges normal;  ///< after that, half a second's margin behind each visit left out
  SceneRanges novel;
};

SceneLabels scene_labels(int frames, int fps, const SceneRanges& novel);

/// {"<clip>": {"frames": N, "train": [[a, b]], "normal": [...], "novel": [...], ...}}
std::string labels_json(const SceneLabels& labels, const std::string& clip);

}  // namespace novelty
