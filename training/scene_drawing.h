// SPDX-License-Identifier: Apache-2.0
// The things in a drawn scene. Positions are in a picture of 640x360 whatever the real size.
#pragma once

#include <cstdint>

#include "picture.h"

namespace novelty {

/// A box in a picture of 640x360.
struct SceneBox {
  double x = 0, y = 0, width = 0, height = 0;
};

/// The conveyor belt's far and near edge.
inline constexpr double kBeltTop = 226, kBeltFront = 258;

enum class ForeignKind { kParcel, kToolbox, kBottle, kArm, kCone };
inline constexpr int kForeignKinds = 5;

/// A foreign object at rest; `entry` is how far it lies outside at first, downwards positive.
struct ForeignObject {
  ForeignKind kind = ForeignKind::kParcel;
  SceneBox box;
  double entry = 0;
};

/// The `index`-th foreign object of a scene: kinds take turns, places are random.
ForeignObject foreign_object(std::uint64_t seed, int index);

/// Everything that never moves.
void draw_background(Picture& picture, std::uint64_t seed);

/// Belt, parts, robot and indicator light at `seconds` (the same every kCycleS).
void draw_motion(Picture& picture, double seconds);

/// shift: how far below its resting place it is.
void draw_foreign(Picture& picture, const ForeignObject& object, double shift);

}  // namespace novelty
