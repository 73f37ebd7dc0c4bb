// SPDX-License-Identifier: Apache-2.0
// What a drawn scene looks like and how it moves: all that its seed decides but for the noise and
// what does not belong. Positions are in a picture of 640x360 whatever the real size.
#pragma once

#include <array>
#include <cstdint>

#include "scene_canvas.h"

namespace novelty {

enum class WallKind { kPanels, kBricks, kTiles };
enum class PartShape { kFlange, kHousing, kShaft, kCan, kBracket };
inline constexpr int kPartShapes = 5;
inline constexpr int kPartKinds =
    3;  // that take turns on the belt; the last is what the robot takes

struct SceneStyle {
  bool mirrored = false;
  WallKind wall = WallKind::kPanels;
  Colour wall_top, wall_foot, floor_far, floor_near, stripe, belt, frame, cabinet, robot, tray;
  std::array<Colour, 6> bins;  // of the shelf, row by row
  std::array<PartShape, kPartKinds> shapes{};
  std::array<Colour, kPartKinds> parts;
  double part_scale = 1;
  double shelf_dx = 0, board_dx = 0, board_dy = 0, cabinet_dx = 0;  // from their usual places
  double robot_dx = 0;                                              // with pedestal and tray
  double belt_dy = 0;     // with all that stands at the belt
  double cycle_s = 4.8;   // all normal motion repeats in this time
  double phase = 0;       // of the cycle at the first frame, in cycles
  int blinks = 4;         // of the indicator light a cycle
  double daylight = 0;    // how far the brightness drifts either way,
  double daylight_s = 1;  // and the period
  double warmth = 0;      // how far blue drifts against red, with another period
  double tilt = 0;        // how far the light drifts from side to side
  double noise = 1.8;     // deviation of the sensor noise in levels
};

/// Seed 1 is the cell of the documentation's pictures.
SceneStyle scene_style(std::uint64_t seed);

}  // namespace novelty
