// SPDX-License-Identifier: Apache-2.0
// What does not belong in a drawn scene: which things, where, how large and how plain to see.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "scene_drawing.h"

namespace novelty {

enum class ScenePlace { kFloor, kWall, kBelt, kGripper, kRobot };

/// One thing that does not belong, for some frames.
struct SceneVisit {
  int first = 0, last = 0;  ///< frames
  bool absent = false;      ///< a thing of the scene is missing; else a foreign one is there
  ForeignKind kind = ForeignKind::kParcel;
  ScenePlace place = ScenePlace::kFloor;
  double area = 0;  ///< share of the picture that is new in the visit's middle
  /// Then too: mean distance of what is there from the mean colour behind it (absent: of what
  /// should be there from what is), over pixels and colours, in shares of the full range.
  double contrast = 0;

  SceneBox box;     ///< of a foreign object, in the visit's middle, before mirroring
  Colour middle;    ///< its colours keep
  double keep = 1;  ///< this share of their distance from `middle`
  Fixture missing = Fixture::kNone;
  std::int64_t missing_part = kNoPart;

  /// Whether it is inside moving parts: rides on the belt, is carried, is before the robot, or is
  /// missing on the belt.
  bool moving() const { return place != ScenePlace::kFloor && place != ScenePlace::kWall; }
};

/// "parcel", ..., "absent".
const char* kind_name(const SceneVisit& visit);
/// "floor", "wall", "belt", "gripper" or "robot".
const char* place_name(const SceneVisit& visit);

/// A visit for each range of frames (first, last), chosen by the seed: objects of 1 to 15 % of the
/// picture and with a contrast of at least 10 %; every second thing is inside moving parts; from
/// three visits on, one in eight is absent.
std::vector<SceneVisit> plan_visits(const std::vector<std::pair<int, int>>& ranges, int fps,
                                    const SceneStyle& style, std::uint64_t seed);

}  // namespace novelty
