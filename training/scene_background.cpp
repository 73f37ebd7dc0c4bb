// SPDX-License-Identifier: Apache-2.0
// The part of a drawn scene that never moves.
#include <array>
#include <cmath>

#include "scene_drawing.h"

namespace novelty {
namespace {

Colour darker(const Colour& fill, double share) {
  return mixed(fill, colour(0x000000), share);
}
Colour lighter(const Colour& fill, double share) {
  return mixed(fill, colour(0xffffff), share);
}

void draw_panels(Canvas& c, const SceneStyle& s) {
  for (int x = 64; x < 640; x += 128) {
    c.rect(x, 0, 1.5, kFloorTop, darker(s.wall_foot, 0.1));
    c.rect(x + 1.5, 0, 1, kFloorTop, lighter(s.wall_top, 0.2));
  }
}

void draw_bricks(Canvas& c, const SceneStyle& s) {
  const Colour joint = darker(s.wall_foot, 0.16);
  for (int row = 0; row < 14; ++row) {
    const double y = row * 20.0;
    c.rect(0, y, 640, 1.5, joint);
    for (int x = row % 2 == 0 ? 22 : 0; x < 640; x += 44) c.rect(x, y, 1.5, 20, joint);
  }
}

void draw_tiles(Canvas& c, const SceneStyle& s) {
  const Colour joint = lighter(s.wall_top, 0.45);
  for (int y = 30; y < kFloorTop; y += 40) c.rect(0, y, 640, 2, joint);
  for (int x = 18; x < 640; x += 40) c.rect(x, 0, 2, kFloorTop, joint);
}

void draw_walls(Canvas& c, const SceneStyle& s) {
  c.gradient(0, kFloorTop, s.wall_top, s.wall_foot);
  if (s.wall == WallKind::kPanels) draw_panels(c, s);
  if (s.wall == WallKind::kBricks) draw_bricks(c, s);
  if (s.wall == WallKind::kTiles) draw_tiles(c, s);
  c.rect(0, kFloorTop - 14, 640, 14, darker(s.wall_foot, 0.3));
  c.gradient(kFloorTop, 360, s.floor_far, s.floor_near);
  c.polygon({{0, 338}, {640, 338}, {640, 346}, {0, 346}}, s.stripe);
  c.rect(0, 14, 640, 9, darker(s.wall_foot, 0.18));
  c.rect(0, 15, 640, 2, lighter(s.wall_foot, 0.15));
}

double shelf_row_y(int row) {
  return 108 + row * 58;
}

void draw_bins(Canvas& shelf, const SceneStyle& s, int row) {
  for (int i = 0; i < 3; ++i) {
    const double x = 33 + i * 40;
    const double y = shelf_row_y(row);
    shelf.bevelled(x, y - 30, 34, 30, s.bins[row * 3 + i]);
    shelf.rect(x + 9, y - 14, 16, 7, colour(0xe8e6da));
  }
}

void draw_shelf(Canvas& shelf) {
  shelf.rect(24, 56, 5, 170, colour(0x4c565c));
  shelf.rect(151, 56, 5, 170, colour(0x4c565c));
  for (int row = 0; row < 2; ++row) {
    shelf.shadow({90, shelf_row_y(row) + 10}, 80, 16, 0.35);
    shelf.rect(24, shelf_row_y(row), 132, 5, colour(0x59646b));
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

void draw_cabinet(Canvas& c, const SceneStyle& s) {
  c.shadow({566, 250}, 74, 26, 0.45);
  c.bevelled(516, 62, 100, 196, s.cabinet);
  c.rect(565, 64, 1.5, 192, darker(s.cabinet, 0.26));
  c.bevelled(528, 76, 66, 42, colour(0x2a3136));
  c.rect(532, 80, 58, 34, colour(0x10251d));
  for (int i = 0; i < 18; ++i) {
    const double height = 8 + 7 * std::sin(i * 0.9) + 4 * std::sin(i * 2.1);
    c.rect(534 + i * 3, 109 - height, 2, height, colour(0x3fae6d));
  }
  for (int i = 0; i < 7; ++i) c.rect(530, 190 + i * 7, 26, 2.5, darker(s.cabinet, 0.26));
  c.rect(572, 180, 4, 18, colour(0xc3ccd1));
}

void draw_conveyor(Canvas& c, const SceneStyle& s) {
  for (const double x : {64.0, 250.0, 436.0, 602.0}) {
    c.shadow({x + 6, 336}, 26, 8, 0.4);
    c.bevelled(x, 276, 12, 58, colour(0x4c565c));
  }
  c.shadow({320, 322}, 400, 20, 0.2);
  c.rect(0, kBeltTop, 640, kBeltFront - kBeltTop, s.belt);
  c.rect(0, kBeltTop - 3, 640, 4, lighter(s.frame, 0.12));
  c.bevelled(0, kBeltFront, 640, 22, s.frame);
}

void draw_pedestal(Canvas& c) {
  c.shadow({330, 226}, 60, 20, 0.4);
  c.bevelled(298, 178, 64, 48, colour(0x3e464b));
  c.bevelled(308, 162, 44, 18, colour(0x565f65));
}

}  // namespace

void draw_fixture(Canvas& c, const SceneStyle& s, Fixture fixture) {
  Canvas shelf = c.moved({s.shelf_dx, 0});
  Canvas board = c.moved({s.board_dx, s.board_dy});
  if (fixture == Fixture::kBoard) draw_board(board);
  if (fixture == Fixture::kUpperBins) draw_bins(shelf, s, 0);
  if (fixture == Fixture::kLowerBins) draw_bins(shelf, s, 1);
}

void draw_background(Canvas& c, const SceneStyle& s, Fixture missing) {
  Canvas shelf = c.moved({s.shelf_dx, 0});
  Canvas cabinet = c.moved({s.cabinet_dx, 0});
  Canvas conveyor = c.moved({0, s.belt_dy});
  Canvas pedestal = c.moved({s.robot_dx, s.belt_dy});
  draw_walls(c, s);
  draw_shelf(shelf);
  for (const Fixture each : {Fixture::kUpperBins, Fixture::kLowerBins, Fixture::kBoard})
    if (each != missing) draw_fixture(c, s, each);
  draw_cabinet(cabinet, s);
  draw_pedestal(pedestal);
  draw_conveyor(conveyor, s);
}

}  // namespace novelty
