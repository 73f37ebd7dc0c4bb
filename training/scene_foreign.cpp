// SPDX-License-Identifier: Apache-2.0
// What does not belong in a drawn scene.
#include "scene_drawing.h"

#include <cstdint>

#include "base/rng.h"
#include "scene_canvas.h"

namespace novelty {
namespace {

void draw_parcel(Canvas& c, const SceneBox& b) {
  c.rect(b.x, b.y, b.width, b.height, colour(0xb98a57));
  c.rect(b.x, b.y, b.width, b.height * 0.22, colour(0xd3a874));
  c.rect(b.x + b.width * 0.44, b.y, b.width * 0.12, b.height, colour(0xe2d2a8));
  c.rect(b.x + b.width * 0.08, b.y + b.height * 0.5, b.width * 0.26, b.height * 0.28,
         colour(0xf0efe8));
}

void draw_toolbox(Canvas& c, const SceneBox& b) {
  const double lid = b.y + b.height * 0.3;
  c.rect(b.x + b.width * 0.25, b.y, b.width * 0.5, b.height * 0.12, colour(0x2b2f32));
  c.rect(b.x + b.width * 0.25, b.y, b.width * 0.07, b.height * 0.3, colour(0x2b2f32));
  c.rect(b.x + b.width * 0.68, b.y, b.width * 0.07, b.height * 0.3, colour(0x2b2f32));
  c.bevelled(b.x, lid, b.width, b.height * 0.7, colour(0xc5281f));
  c.rect(b.x, lid + b.height * 0.2, b.width, 3, colour(0x7d1813));
  c.bevelled(b.x + b.width * 0.44, lid + b.height * 0.14, b.width * 0.12, b.height * 0.16,
             colour(0xd8d8d2));
}

void draw_bottle(Canvas& c, const SceneBox& b) {
  const double middle = b.x + b.width / 2;
  c.rect(middle - b.width * 0.17, b.y, b.width * 0.34, b.height * 0.3, colour(0x2c7a45));
  c.rect(middle - b.width * 0.21, b.y, b.width * 0.42, b.height * 0.08, colour(0xe3e3dc));
  c.ellipse({middle, b.y + b.height * 0.4}, b.width / 2, b.height * 0.15, colour(0x37914f));
  c.rect(b.x, b.y + b.height * 0.4, b.width, b.height * 0.6, colour(0x37914f));
  c.rect(b.x, b.y + b.height * 0.52, b.width, b.height * 0.26, colour(0xf2e9c8));
  c.rect(b.x + b.width * 0.12, b.y + b.height * 0.42, b.width * 0.1, b.height * 0.54,
         colour(0x8fd0a0));
}

void draw_arm(Canvas& c, const SceneBox& b) {
  const Point sleeve{b.x + b.width * 0.78, b.y + b.height * 1.02};
  const Point wrist{b.x + b.width * 0.36, b.y + b.height * 0.36};
  c.limb(sleeve, wrist, b.width * 0.42, b.width * 0.27, colour(0x2d4668));
  const Point palm{b.x + b.width * 0.27, b.y + b.height * 0.22};
  c.limb(wrist, palm, b.width * 0.24, b.width * 0.27, colour(0xd6a184));
  for (int finger = 0; finger < 4; ++finger) {
    const Point root = palm + Point{b.width * (-0.09 + 0.065 * finger), 0};
    const Point tip{b.x + b.width * (0.06 + 0.12 * finger),
                    b.y + b.height * (0.08 - 0.02 * (finger % 3))};
    c.limb(root, tip, b.width * 0.09, b.width * 0.07, colour(0xdeab8f));
  }
}

void draw_cone(Canvas& c, const SceneBox& b) {
  const double middle = b.x + b.width / 2;
  const auto band = [&](double from, double to, const Colour& fill) {
    const auto half = [&](double at) { return b.width * (0.06 + 0.32 * at); };
    c.polygon({{middle - half(from), b.y + b.height * from},
               {middle + half(from), b.y + b.height * from},
               {middle + half(to), b.y + b.height * to},
               {middle - half(to), b.y + b.height * to}},
              fill);
  };
  band(0.0, 0.93, colour(0xf05a1e));
  band(0.25, 0.42, colour(0xf2f0ea));
  band(0.6, 0.76, colour(0xf2f0ea));
  c.bevelled(b.x, b.y + b.height * 0.9, b.width, b.height * 0.1, colour(0xd84c14));
}

struct ForeignForm {
  double width, height;
  double foot;   // y it stands on at rest
  double entry;  // how far below (or above) that it starts
};

ForeignForm form_of(ForeignKind kind) {
  switch (kind) {
    case ForeignKind::kParcel:
      return {88, 66, 252, -260};
    case ForeignKind::kToolbox:
      return {104, 70, 352, 90};
    case ForeignKind::kBottle:
      return {38, 104, 254, -270};
    case ForeignKind::kArm:
      return {130, 150, 364, 150};
    case ForeignKind::kCone:
      return {74, 104, 354, 120};
  }
  return {};
}

}  // namespace

ForeignObject foreign_object(std::uint64_t seed, int index) {
  Rng rng(seed, static_cast<std::uint64_t>(index) + 1);
  const auto turn = (seed + static_cast<std::uint64_t>(index)) % kForeignKinds;
  const auto kind = static_cast<ForeignKind>(turn);
  const ForeignForm form = form_of(kind);
  const bool on_belt = form.entry < 0;  // these are let down to the left of the robot
  const double room = on_belt ? 260 : 620;
  const double x = 10 + rng.uniform() * (room - form.width);
  return {kind, {x, form.foot - form.height, form.width, form.height}, form.entry};
}

void draw_foreign(Picture& picture, const ForeignObject& object, double shift) {
  Canvas canvas(picture);
  SceneBox box = object.box;
  const double foot = box.y + box.height;
  box.y += shift;
  if (object.kind != ForeignKind::kArm) {
    canvas.shadow({box.x + box.width / 2 + 4, foot}, box.width * 0.7, 9, 0.5);
  }
  switch (object.kind) {
    case ForeignKind::kParcel:
      draw_parcel(canvas, box);
      break;
    case ForeignKind::kToolbox:
      draw_toolbox(canvas, box);
      break;
    case ForeignKind::kBottle:
      draw_bottle(canvas, box);
      break;
    case ForeignKind::kArm:
      draw_arm(canvas, box);
      break;
    case ForeignKind::kCone:
      draw_cone(canvas, box);
      break;
  }
}

}  // namespace novelty
