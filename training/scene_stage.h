// SPDX-License-Identifier: Apache-2.0
// A drawn scene without light and noise, with what does not belong in it.
#pragma once

#include <cstdint>
#include <vector>

#include "picture.h"
#include "scene_drawing.h"
#include "scene_visit.h"

namespace novelty {

/// When a frame is: since the clip's first frame and since the middle of the visit it lies in.
struct SceneMoment {
  double seconds = 0, since_middle_s = 0;
  double outside = 0;  ///< how far a foreign object has still to come: 0 = there, 1 = just out
};

/// Thread: any.
class SceneStage {
 public:
  /// paint_seed: of the uneven paint.
  SceneStage(int width, int height, const SceneStyle& style, std::uint64_t paint_seed);

  const SceneStyle& style() const { return style_; }

  /// visit: what does not belong; null = nothing.
  Picture picture(const SceneMoment& moment, const SceneVisit* visit) const;

  /// [height, width]: 255 where `visit` is what one sees (absent: where one would see what is
  /// missing), to half a pixel; else 0. Shadows are not part of it.
  std::vector<std::uint8_t> mask(const SceneMoment& moment, const SceneVisit& visit) const;

 private:
  Picture background(Fixture missing) const;

  int width_, height_;
  SceneStyle style_;
  std::uint64_t paint_seed_;
  Picture background_;
};

}  // namespace novelty
