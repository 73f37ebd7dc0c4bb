// SPDX-License-Identifier: Apache-2.0
// The parts that a drawn scene's conveyor brings.
#include "scene_drawing.h"

namespace novelty {
namespace {

Colour darker(const Colour& fill, double share) {
  return mixed(fill, colour(0x000000), share);
}
Colour lighter(const Colour& fill, double share) {
  return mixed(fill, colour(0xffffff), share);
}

void draw_flange(Canvas& c, const Colour& fill, double k) {
  c.ellipse({0, -5 * k}, 22 * k, 10 * k, darker(fill, 0.3));
  c.ellipse({0, -10 * k}, 22 * k, 10 * k, fill);
  c.ellipse({0, -11 * k}, 10 * k, 4.5 * k, darker(fill, 0.5));
}

void draw_housing(Canvas& c, const Colour& fill, double k) {
  c.bevelled(-20 * k, -24 * k, 40 * k, 26 * k, fill);
  c.polygon({{-20 * k, -24 * k}, {-13 * k, -32 * k}, {27 * k, -32 * k}, {20 * k, -24 * k}},
            lighter(fill, 0.25));
  c.polygon({{20 * k, -24 * k}, {27 * k, -32 * k}, {27 * k, -6 * k}, {20 * k, 2 * k}},
            darker(fill, 0.28));
  c.disc({0, -11 * k}, 6 * k, darker(fill, 0.42));
}

void draw_shaft(Canvas& c, const Colour& fill, double k) {
  c.bevelled(-26 * k, -15 * k, 52 * k, 12 * k, fill);
  c.bevelled(-11 * k, -21 * k, 22 * k, 24 * k, lighter(fill, 0.2));
}

void draw_can(Canvas& c, const Colour& fill, double k) {
  c.rect(-15 * k, -32 * k, 30 * k, 30 * k, fill);
  c.ellipse({0, -2 * k}, 15 * k, 5 * k, fill);
  c.rect(-15 * k, -22 * k, 30 * k, 10 * k, lighter(fill, 0.5));
  c.rect(-11 * k, -31 * k, 4 * k, 30 * k, lighter(fill, 0.25));
  c.ellipse({0, -32 * k}, 15 * k, 5 * k, lighter(fill, 0.35));
  c.ellipse({0, -32 * k}, 11 * k, 3 * k, darker(fill, 0.3));
}

void draw_bracket(Canvas& c, const Colour& fill, double k) {
  c.bevelled(-24 * k, -8 * k, 48 * k, 10 * k, fill);
  c.bevelled(-24 * k, -36 * k, 12 * k, 30 * k, lighter(fill, 0.15));
  c.polygon({{-12 * k, -8 * k}, {-12 * k, -22 * k}, {4 * k, -8 * k}}, darker(fill, 0.2));
  c.disc({-18 * k, -28 * k}, 3 * k, darker(fill, 0.5));
  c.disc({14 * k, -4 * k}, 2.5 * k, darker(fill, 0.5));
}

}  // namespace

void draw_part(Canvas& c, PartShape shape, const Colour& fill, Point at, double scale) {
  Canvas there = c.moved(at);
  if (shape == PartShape::kFlange) draw_flange(there, fill, scale);
  if (shape == PartShape::kHousing) draw_housing(there, fill, scale);
  if (shape == PartShape::kShaft) draw_shaft(there, fill, scale);
  if (shape == PartShape::kCan) draw_can(there, fill, scale);
  if (shape == PartShape::kBracket) draw_bracket(there, fill, scale);
}

}  // namespace novelty
