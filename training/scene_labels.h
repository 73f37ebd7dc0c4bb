// SPDX-License-Identifier: Apache-2.0
// Which frames of a drawn scene are what: for judging what was found in it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scene_visit.h"

namespace novelty {

using SceneRanges = std::vector<std::pair<int, int>>;  ///< first and last frame, ascending

/// Where things that do not belong come and go: from 9/16 of the clip on, for 2 to 3 s each and
/// with at least 1.75 s between them, as many as there is time for; shorter ones in a short clip,
/// none in one of less than 20 frames.
SceneRanges default_novel_ranges(int frames, int fps, std::uint64_t seed);

struct SceneLabels {
  int frames = 0;
  int fps = 0;
  SceneRanges train;   ///< normal footage to learn from: up to the first quarter
  SceneRanges normal;  ///< after that, half a second's margin behind each visit left out
  SceneRanges novel;
};

SceneLabels scene_labels(int frames, int fps, const SceneRanges& novel);

/// {"<clip>": {"frames": N, "fps": F, "train": [[a, b]], "normal": [...], "novel": [...], "visits":
/// [...]}}
std::string labels_json(const SceneLabels& labels, const std::vector<SceneVisit>& visits,
                        const std::string& clip);

}  // namespace novelty
