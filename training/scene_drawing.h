// SPDX-License-Identifier: Apache-2.0
// The things in a drawn scene. Positions are in a picture of 640x360 whatever the real size.
#pragma once

#include <cstdint>

#include "scene_canvas.h"
#include "scene_style.h"

namespace novelty {

/// A box in a picture of 640x360.
struct SceneBox {
  double x = 0, y = 0, width = 0, height = 0;
};

/// The conveyor belt's far and near edge and the floor's far edge, where style.belt_dy is 0.
inline constexpr double kBeltTop = 226, kBeltFront = 258, kFloorTop = 272;
/// Where the robot takes parts, and the foot of a part on the belt.
inline constexpr double kPickX = 430, kPartY = 240;
inline constexpr double kPartSpacing = 120;

/// Things that can be taken away from the background.
enum class Fixture { kNone, kBoard, kUpperBins, kLowerBins };

enum class ForeignKind { kParcel, kToolbox, kBottle, kCone, kBall, kSheet, kSpanner, kHand };
inline constexpr int kForeignKinds = 8;

/// Everything that never moves, without `missing`.
void draw_background(Canvas& c, const SceneStyle& s, Fixture missing);
/// One of the things that can be taken away.
void draw_fixture(Canvas& c, const SceneStyle& s, Fixture fixture);

inline constexpr std::int64_t kNoPart = INT64_MIN;

/// Belt, parts but for number `missing`, robot and indicator lights, `seconds` after the first
/// frame.
void draw_motion(Canvas& c, const SceneStyle& s, double seconds, std::int64_t missing = kNoPart);

/// A part that rides on the belt, by its number, and what can be before it.
void draw_part_on_belt(Canvas& c, const SceneStyle& s, double seconds, std::int64_t number);
void draw_robot(Canvas& c, const SceneStyle& s, double seconds);
/// The middle of a part's foot; it moves belt_speed to the right a second.
double part_x(const SceneStyle& s, double seconds, std::int64_t number);
double belt_speed(const SceneStyle& s);
/// Which of the kinds it is: the last is taken at kPickX.
int part_kind(std::int64_t number);
/// Between the gripper's fingers.
Point gripper_at(const SceneStyle& s, double seconds);

/// A part at rest; `at` is the middle of its foot.
void draw_part(Canvas& c, PartShape shape, const Colour& fill, Point at, double scale);

/// Fills the box.
void draw_foreign(Canvas& c, ForeignKind kind, const SceneBox& box);
/// The width and height of its box at its usual size.
Point usual_size(ForeignKind kind);

}  // namespace novelty
