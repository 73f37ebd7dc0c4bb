// SPDX-License-Identifier: Apache-2.0
// The part of a drawn scene that never moves.
#include "scene_drawing.h"

#include <array>
#include <cmath>

#include "scene_canvas.h"

namespace novelty {
namespace {

constexpr double kFloor = 272;

void draw_walls(Canvas& c) {
  c.gradient(0, kFloor, colour(0xb9c2c6), colour(0x98a2a8));
  for (int x = 64; x < 640; x += 128) {
    c.rect(x, 0, 1.5, kFloor, colour(0x8a949a));
    c.rect(x + 1.5, 0, 1, kFloor, colour(0xc6ced2));
  }
  c.rect(0, kFloor - 14, 640, 14, colour(0x6d777e));
  c.gradient(kFloor, 360, colour(0x6f7274), colour(0x8d9092));
  c.polygon({{0, 338}, {640, 338}, {640, 346}, {0, 346}}, colour(0xd9b83a));
  c.rect(0, 14, 640, 9, colour(0x7d878d));
  c.rect(0, 15, 640, 2, colour(0xaab4ba));
}

void draw_shelf(Canvas& c) {
  constexpr std::array<unsigned, 6> kBins = {0x2f6db0, 0xb5483a, 0x2f6db0,
                                             0x5f8f4e, 0xc9a23c, 0xb5483a};
  c.rect(24, 56, 5, 170, colour(0x4c565c));
  c.rect(151, 56, 5, 170, colour(0x4c565c));
  for (int row = 0; row < 2; ++row) {
    const double y = 108 + row * 58;
    c.shadow({90, y + 10}, 80, 16, 0.35);
    c.rect(24, y, 132, 5, colour(0x59646b));
    for (int i = 0; i < 3; ++i) {
      const double x = 33 + i * 40;
      c.bevelled(x, y - 30, 34, 30, colour(kBins[row * 3 + i]));
      c.rect(x + 9, y - 14, 16, 7, colour(0xe8e6da));
    }
  }
}

void draw_board(Canvas& c) {
  c.shadow({232, 84}, 62, 48, 0.25);
  c.rect(184, 46, 92, 64, colour(0x5d676d));
  c.rect(187, 49, 86, 58, colour(0xe9ecec));
  for (int i = 0; i < 5; ++i) {
    c.rect(193, 56 + i * 9, 30 + 11 * ((i * 3) % 4), 2, colour(i == 1 ? 0xb5483a : 0x4a6a94));
  }
}

void draw_cabinet(Canvas& c) {
  c.shadow({566, 250}, 74, 26, 0.45);
  c.bevelled(516, 62, 100, 196, colour(0x667a86));
  c.rect(565, 64, 1.5, 192, colour(0x4b5b65));
  c.bevelled(528, 76, 66, 42, colour(0x2a3136));
  c.rect(532, 80, 58, 34, colour(0x10251d));
  for (int i = 0; i < 18; ++i) {
    const double height = 8 + 7 * std::sin(i * 0.9) + 4 * std::sin(i * 2.1);
    c.rect(534 + i * 3, 109 - height, 2, height, colour(0x3fae6d));
  }
  for (int i = 0; i < 7; ++i) c.rect(530, 190 + i * 7, 26, 2.5, colour(0x4b5b65));
  c.rect(572, 180, 4, 18, colour(0xc3ccd1));
}

void draw_conveyor(Canvas& c) {
  for (const double x : {64.0, 250.0, 436.0, 602.0}) {
    c.shadow({x + 6, 336}, 26, 8, 0.4);
    c.bevelled(x, 276, 12, 58, colour(0x4c565c));
  }
  c.shadow({320, 322}, 400, 20, 0.2);
  c.rect(0, kBeltTop, 640, kBeltFront - kBeltTop, colour(0x34383a));
  c.rect(0, kBeltTop - 3, 640, 4, colour(0x8b959b));
  c.bevelled(0, kBeltFront, 640, 22, colour(0x7c8890));
}

void draw_pedestal(Canvas& c) {
  c.shadow({330, 226}, 60, 20, 0.4);
  c.bevelled(298, 178, 64, 48, colour(0x3e464b));
  c.bevelled(308, 162, 44, 18, colour(0x565f65));
}

}  // namespace

void draw_background(Picture& picture, std::uint64_t seed) {
  Canvas canvas(picture);
  draw_walls(canvas);
  draw_shelf(canvas);
  draw_board(canvas);
  draw_cabinet(canvas);
  draw_pedestal(canvas);
  draw_conveyor(canvas);
  canvas.add_grain(9, seed);  // paint is not quite even
}

}  // namespace novelty
