// SPDX-License-Identifier: Apache-2.0
// What a drawn scene looks like and how it moves, from its seed.
#include "scene_style.h"

#include <algorithm>
#include <utility>

#include "base/rng.h"

namespace novelty {
namespace {

constexpr std::uint64_t kStyleStream = 0x57e1;

// Where the shelf, the board and the cabinet stand: two change places.
enum class Layout { kUsual, kBoardAtTheEnd, kCabinetInFront };

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : rng_(seed, kStyleStream) {}

  double between(double low, double high) { return low + rng_.uniform() * (high - low); }
  int below(int n) { return static_cast<int>(rng_.below(static_cast<std::uint64_t>(n))); }
  Colour vivid() { return hsv(rng_.uniform(), between(0.35, 0.75), between(0.45, 0.85)); }
  Colour dull(double low, double high) {
    return hsv(rng_.uniform(), between(0.02, 0.22), between(low, high));
  }

 private:
  Rng rng_;
};

SceneStyle usual_style() {
  SceneStyle s;
  s.wall_top = colour(0xb9c2c6);
  s.wall_foot = colour(0x98a2a8);
  s.floor_far = colour(0x6f7274);
  s.floor_near = colour(0x8d9092);
  s.stripe = colour(0xd9b83a);
  s.belt = colour(0x34383a);
  s.frame = colour(0x7c8890);
  s.cabinet = colour(0x667a86);
  s.robot = colour(0xe0752a);
  s.tray = colour(0x4f6f5a);
  s.bins = {colour(0x2f6db0), colour(0xb5483a), colour(0x2f6db0),
            colour(0x5f8f4e), colour(0xc9a23c), colour(0xb5483a)};
  s.shapes = {PartShape::kFlange, PartShape::kHousing, PartShape::kShaft};
  s.parts = {colour(0xb4bfc6), colour(0x3f78b5), colour(0xb98d4b)};
  s.daylight = 0.015;
  s.daylight_s = 19;
  return s;
}

void choose_colours(SceneStyle& s, Dice& dice) {
  s.wall_top = dice.dull(0.6, 0.85);
  s.wall_foot = mixed(s.wall_top, colour(0x000000), dice.between(0.05, 0.25));
  s.floor_far = dice.dull(0.3, 0.55);
  s.floor_near = mixed(s.floor_far, colour(0xffffff), dice.between(0.05, 0.25));
  s.stripe = dice.vivid();
  s.belt = dice.dull(0.14, 0.34);
  s.frame = dice.dull(0.4, 0.65);
  s.cabinet = hsv(dice.between(0, 1), dice.between(0.1, 0.5), dice.between(0.3, 0.65));
  s.robot = dice.vivid();
  s.tray = dice.vivid();
  for (Colour& bin : s.bins) bin = dice.vivid();
  for (Colour& part : s.parts) part = dice.vivid();
}

void choose_layout(SceneStyle& s, Dice& dice) {
  s.mirrored = dice.below(2) == 1;
  s.wall = static_cast<WallKind>(dice.below(3));
  const auto layout = static_cast<Layout>(dice.below(3));
  s.shelf_dx = dice.between(-12, 10);
  s.board_dx = dice.between(-6, 8);
  s.board_dy = dice.between(-14, 30);
  s.cabinet_dx = dice.between(-2, 14);
  s.robot_dx = dice.between(-8, 6);
  s.belt_dy = dice.between(-16, 10);
  if (layout == Layout::kBoardAtTheEnd) {
    s.board_dx += 340;
    s.cabinet_dx -= 338;
  } else if (layout == Layout::kCabinetInFront) {
    s.shelf_dx += 476;
    s.cabinet_dx -= 490;
  }
}

void choose_parts(SceneStyle& s, Dice& dice) {
  std::array<PartShape, kPartShapes> all{};
  for (int i = 0; i < kPartShapes; ++i) all[i] = static_cast<PartShape>(i);
  for (int i = 0; i < kPartKinds; ++i) {
    std::swap(all[i], all[i + dice.below(kPartShapes - i)]);
    s.shapes[i] = all[i];
  }
  s.part_scale = dice.between(1.1, 1.4);
}

}  // namespace

SceneStyle scene_style(std::uint64_t seed) {
  SceneStyle s = usual_style();
  if (seed == 1) return s;
  Dice dice(seed);
  choose_colours(s, dice);
  choose_layout(s, dice);
  choose_parts(s, dice);
  s.cycle_s = dice.between(3.6, 6);
  s.phase = dice.between(0, 1);
  s.blinks = 3 + dice.below(4);
  s.daylight = dice.between(0.015, 0.06);
  s.daylight_s = dice.between(15, 90);
  s.warmth = dice.between(0, 0.02);
  s.tilt = dice.between(0, 0.05);
  s.noise = dice.between(1.2, 3);
  return s;
}

}  // namespace novelty
