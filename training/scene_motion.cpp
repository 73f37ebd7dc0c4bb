// SPDX-License-Identifier: Apache-2.0
// The part of a drawn scene that moves, the same in every cycle.
#include "scene_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "scene.h"
#include "scene_canvas.h"

namespace novelty {
namespace {

constexpr double kPartSpacing = 120;
constexpr int kPartKinds = 3;
constexpr double kBeltSpeed = kPartSpacing * kPartKinds / SceneRenderer::kCycleS;  // a second
constexpr double kPickX = 430;
constexpr double kPartY = 240;

void draw_belt(Canvas& c, double travelled) {
  for (int i = -1; i < 33; ++i) {
    const double x = std::fmod(travelled, 20.0) + i * 20;
    c.polygon({{x, kBeltTop + 2}, {x + 3, kBeltTop + 2}, {x - 3, kBeltFront}, {x - 6, kBeltFront}},
              colour(0x2a2d2f));
  }
  for (int x = 20; x < 640; x += 40) {
    c.disc({double(x), 269}, 7, colour(0x58626a));
    c.disc({double(x), 269}, 3, colour(0x9aa5ac));
    const double angle = travelled / 7;
    c.disc({x + 5 * std::cos(angle), 269 + 5 * std::sin(angle)}, 1.2, colour(0x2f363b));
  }
}

// Kinds: a flange, a housing, a shaft. `at` is the middle of its foot.
void draw_part(Canvas& c, int kind, Point at) {
  if (kind == 0) {
    c.ellipse(at + Point{0, -5}, 22, 10, colour(0x7f8a92));
    c.ellipse(at + Point{0, -10}, 22, 10, colour(0xb4bfc6));
    c.ellipse(at + Point{0, -11}, 10, 4.5, colour(0x59646c));
  } else if (kind == 1) {
    c.bevelled(at.x - 20, at.y - 24, 40, 26, colour(0x3f78b5));
    c.polygon(
        {at + Point{-20, -24}, at + Point{-13, -32}, at + Point{27, -32}, at + Point{20, -24}},
        colour(0x6b9bcf));
    c.polygon({at + Point{20, -24}, at + Point{27, -32}, at + Point{27, -6}, at + Point{20, 2}},
              colour(0x2c5886));
    c.disc(at + Point{0, -11}, 6, colour(0x24466b));
  } else {
    c.bevelled(at.x - 26, at.y - 15, 52, 12, colour(0xb98d4b));
    c.bevelled(at.x - 11, at.y - 21, 22, 24, colour(0xcfa35f));
  }
}

// The robot takes every shaft (the third kind) as it passes kPickX, at second 0 of the cycle.
void draw_parts(Canvas& c, double travelled) {
  for (int i = -7; i <= 3; ++i) {
    const double x = kPickX + travelled + i * kPartSpacing;
    const int kind = ((i % kPartKinds) + kPartKinds + 2) % kPartKinds;
    const bool taken = kind == 2 && x > kPickX;
    if (x < -60 || x > 700 || taken) continue;
    c.shadow({x + 4, kPartY + 3}, 34, 9, 0.5);
    draw_part(c, kind, {x, kPartY});
  }
}

/// Where the gripper is at a share of the cycle.
struct Stop {
  double share;
  Point at;
};

constexpr double kReleaseShare = 0.38;

Point gripper_at(double share) {
  static const std::array<Stop, 7> kStops = {{{0.00, {kPickX, 214}},
                                              {0.10, {kPickX - 4, 168}},
                                              {0.30, {484, 150}},
                                              {kReleaseShare, {484, 168}},
                                              {0.48, {478, 146}},
                                              {0.78, {392, 150}},
                                              {1.00, {kPickX, 214}}}};
  const auto next = std::find_if(kStops.begin() + 1, kStops.end() - 1,
                                 [share](const Stop& stop) { return share < stop.share; });
  const Stop& from = *(next - 1);
  const double part = (share - from.share) / (next->share - from.share);
  const double eased = part * part * (3 - 2 * part);
  return from.at + (next->at - from.at) * eased;
}

constexpr double kUpperArm = 96, kForearm = 104;

// The elbow above the line from shoulder to wrist.
Point elbow_of(Point shoulder, Point wrist) {
  const Point reach = wrist - shoulder;
  const double distance = std::min(std::hypot(reach.x, reach.y), kUpperArm + kForearm - 1);
  const double cosine = (kUpperArm * kUpperArm + distance * distance - kForearm * kForearm) /
                        (2 * kUpperArm * distance);
  const double angle = std::atan2(reach.y, reach.x) - std::acos(std::clamp(cosine, -1.0, 1.0));
  return shoulder + Point{std::cos(angle), std::sin(angle)} * kUpperArm;
}

void draw_tray(Canvas& c) {
  c.shadow({486, 222}, 34, 12, 0.4);
  c.bevelled(458, 192, 54, 34, colour(0x4f6f5a));
}

void draw_joint(Canvas& c, Point at, double radius) {
  c.disc(at, radius, colour(0x3a4146));
  c.disc(at, radius * 0.55, colour(0x8e989e));
}

void draw_robot(Canvas& c, double share) {
  const Point shoulder{330, 158};
  const Point tool = gripper_at(share);
  const Point wrist = tool + Point{0, -22};
  const Point elbow = elbow_of(shoulder, wrist);
  const bool holds = share < kReleaseShare;
  c.limb(shoulder + Point{2, 3}, elbow + Point{2, 3}, 28, 21, colour(0xa8521c));
  c.limb(shoulder, elbow, 26, 19, colour(0xe0752a));
  c.limb(elbow + Point{2, 3}, wrist + Point{2, 3}, 19, 13, colour(0xa8521c));
  c.limb(elbow, wrist, 17, 12, colour(0xe98a3e));
  draw_joint(c, shoulder, 14);
  draw_joint(c, elbow, 10);
  draw_joint(c, wrist, 7);
  c.bevelled(wrist.x - 11, wrist.y + 6, 22, 8, colour(0x454d52));
  const double open = holds ? 9 : 12;
  c.rect(wrist.x - open - 2, wrist.y + 13, 4, 14, colour(0x2f363b));
  c.rect(wrist.x + open - 2, wrist.y + 13, 4, 14, colour(0x2f363b));
}

void draw_lights(Canvas& c, double seconds) {
  const bool amber = std::fmod(seconds, 1.2) < 0.6;
  c.disc({538, 138}, 6, colour(0x39464e));
  c.disc({538, 138}, 4.5, colour(0x3fd07a));
  c.disc({560, 138}, 6, colour(0x39464e));
  c.disc({560, 138}, 4.5, colour(amber ? 0xffc23c : 0x6b5526));
  c.disc({582, 138}, 6, colour(0x39464e));
  c.disc({582, 138}, 4.5, colour(0x5c2a26));
}

}  // namespace

void draw_motion(Picture& picture, double seconds) {
  Canvas canvas(picture);
  const double travelled = seconds * kBeltSpeed;
  const double share = seconds / SceneRenderer::kCycleS;
  draw_belt(canvas, travelled);
  if (share < kReleaseShare) draw_part(canvas, 2, gripper_at(share) + Point{0, 26});
  draw_tray(canvas);
  draw_parts(canvas, travelled);
  draw_lights(canvas, seconds);
  draw_robot(canvas, share);
}

}  // namespace novelty
