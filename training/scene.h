// SPDX-License-Identifier: Apache-2.0
// A drawn work cell to try things on when no footage is at hand: a conveyor with parts, a robot
// that picks them, a blinking light, drifting daylight and sensor noise; and, at stated times,
// something that does not belong, with its exact mask.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "picture.h"
#include "scene_stage.h"
#include "scene_visit.h"

namespace novelty {

struct SceneOptions {
  int width = 640;         ///< 16 to 4096
  int height = 360;        ///< 16 to 4096
  int fps = 15;            ///< 1 to 240
  std::uint64_t seed = 1;  ///< of the scene, its motion, light and noise, and of what comes
  double duration_s = 40;  ///< over 0, up to a day
  std::optional<std::uint64_t> paint_seed;  ///< of the uneven paint alone; none = `seed`
  /// Frames with something new, first and last; ascending, disjoint, within the clip.
  std::vector<std::pair<int, int>> novel;
};

/// Draws frame by frame; each frame is a pure function of the options and its number. All normal
/// motion repeats every style().cycle_s seconds. Thread: any.
class SceneRenderer {
 public:
  /// Throws: Error(kSettings).
  explicit SceneRenderer(const SceneOptions& options);

  int frame_count() const { return frame_count_; }
  const SceneStyle& style() const { return stage_.style(); }
  /// What is new, a visit for each range of options.novel.
  const std::vector<SceneVisit>& visits() const { return visits_; }

  /// frame: 0 to frame_count() - 1, as for `mask`. Throws: Error(kSettings).
  Picture frame(int frame) const;

  /// [height, width]: 255 where something new is what one sees, or where one would see what is
  /// missing, to half a pixel; else 0. Shadows are not part of it. Throws: Error(kSettings).
  std::vector<std::uint8_t> mask(int frame) const;

 private:
  void check_frame(int frame) const;
  const SceneVisit* visit_at(int frame) const;
  SceneMoment moment_of(int frame) const;

  SceneOptions options_;
  int frame_count_ = 0;
  SceneStage stage_;
  std::vector<SceneVisit> visits_;
};

}  // namespace novelty
