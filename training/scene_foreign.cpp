// SPDX-License-Identifier: Apache-2.0
// What does not belong in a drawn scene.
#include <array>
#include <cstddef>

#include "scene_drawing.h"

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

void draw_hand(Canvas& c, const SceneBox& b) {
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

void draw_ball(Canvas& c, const SceneBox& b) {
  const Point middle{b.x + b.width / 2, b.y + b.height / 2};
  const double radius = b.width / 2;
  c.disc(middle, radius, colour(0xc7356b));
  c.ellipse(middle, radius * 0.45, radius * 0.99, colour(0xf3ead2));
  c.ellipse(middle, radius * 0.2, radius * 0.97, colour(0x2f7fbf));
  c.disc(middle + Point{-radius * 0.35, -radius * 0.4}, radius * 0.16, colour(0xffffff));
}

void draw_sheet(Canvas& c, const SceneBox& b) {
  const auto at = [&b](double x, double y) { return Point{b.x + b.width * x, b.y + b.height * y}; };
  c.polygon({at(0.04, 0.1), at(0.4, 0), at(0.97, 0.06), at(1, 0.62), at(0.9, 0.97), at(0.52, 0.9),
             at(0.12, 1), at(0, 0.5)},
            colour(0x3d8f86));
  c.polygon({at(0.3, 0.02), at(0.42, 0.0), at(0.5, 0.9), at(0.4, 0.92)}, colour(0x2f7068));
  c.polygon({at(0.7, 0.03), at(0.76, 0.04), at(0.84, 0.95), at(0.72, 0.94)}, colour(0x6fb5ab));
}

void draw_spanner(Canvas& c, const SceneBox& b) {
  const double width = b.width;
  const Point head{b.x + width / 2, b.y + width / 2};
  const Point foot{b.x + width / 2, b.y + b.height - width * 0.4};
  c.limb(head, foot, width * 0.36, width * 0.42, colour(0x4a5056));
  c.disc(head, width / 2, colour(0x3a4046));
  c.disc(foot, width * 0.4, colour(0x3a4046));
  c.disc(foot, width * 0.18, colour(0xd9dde0));
  c.rect(head.x - width * 0.17, b.y + width * 0.04, width * 0.34, width * 0.5, colour(0xd9dde0));
}

}  // namespace

Point usual_size(ForeignKind kind) {
  static constexpr std::array<Point, kForeignKinds> kSizes = {
      {{88, 66}, {104, 70}, {38, 104}, {74, 104}, {70, 70}, {110, 90}, {44, 150}, {130, 150}}};
  return kSizes[static_cast<std::size_t>(kind)];
}

void draw_foreign(Canvas& c, ForeignKind kind, const SceneBox& box) {
  using Draw = void (*)(Canvas&, const SceneBox&);
  static constexpr std::array<Draw, kForeignKinds> kAll = {draw_parcel,  draw_toolbox, draw_bottle,
                                                           draw_cone,    draw_ball,    draw_sheet,
                                                           draw_spanner, draw_hand};
  kAll[static_cast<std::size_t>(kind)](c, box);
}

}  // namespace novelty
