// SPDX-License-Identifier: Apache-2.0
// A drawn work cell to try things on when no footage is at hand: a conveyor with parts, a robot
// that picks them, a blinking light, drifting daylight and sensor noise; and, at stated times,
// something that does not belong.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "picture.h"

namespace novelty {

struct SceneOptions {
  int width = 640;         ///< 16 to 4096
  int height = 360;        ///< 16 to 4096
  int fps = 15;            ///< 1 to 240
  std::uint64_t seed = 1;  ///< of the noise, and of which foreign objects come and where
  double duration_s = 40;  ///< over 0, up to a day
  /// Frames with a foreign object, first and last; ascending, disjoint, within the clip.
  std::vector<std::pair<int, int>> novel;
};

struct SceneTruth {
  bool novel = false;
  int x = 0, y = 0, width = 0, height = 0;  ///< pixels of the foreign object; 0 without one
};

/// Draws frame by frame; each frame is a pure function of the options and its number. All normal
/// motion repeats every kCycleS seconds. Thread: any.
class SceneRenderer {
 public:
  static constexpr double kCycleS = 4.8;

  /// Throws: Error(kSettings).
  explicit SceneRenderer(const SceneOptions& options);

  int frame_count() const { return frame_count_; }

  /// frame: 0 to frame_count() - 1, as for `truth`. Throws: Error(kSettings).
  Picture frame(int frame) const;
  SceneTruth truth(int frame) const;

 private:
  SceneOptions options_;
  int frame_count_ = 0;
  Picture background_;
};

}  // namespace novelty
