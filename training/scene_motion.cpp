// SPDX-License-Identifier: Apache-2.0
// The part of a drawn scene that moves, the same in every cycle.
#include <algorithm>
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

double cycles(const SceneStyle& s, double seconds) {
  return seconds / s.cycle_s + s.phase;
}
double share_of(const SceneStyle& s, double seconds) {
  const double all = cycles(s, seconds);
  return all - std::floor(all);
}
double travelled(const SceneStyle& s, double seconds) {
  return cycles(s, seconds) * kPartSpacing * kPartKinds;
}

void draw_belt(Canvas& c, const SceneStyle& s, double way) {
  for (int i = -1; i < 33; ++i) {
    const double x = std::fmod(way, 20.0) + i * 20;
    c.polygon({{x, kBeltTop + 2}, {x + 3, kBeltTop + 2}, {x - 3, kBeltFront}, {x - 6, kBeltFront}},
              darker(s.belt, 0.22));
  }
  for (int x = 20; x < 640; x += 40) {
    c.disc({double(x), 269}, 7, darker(s.frame, 0.3));
    c.disc({double(x), 269}, 3, lighter(s.frame, 0.22));
    const double angle = way / 7;
    c.disc({x + 5 * std::cos(angle), 269 + 5 * std::sin(angle)}, 1.2, darker(s.frame, 0.6));
  }
}

void draw_kind(Canvas& c, const SceneStyle& s, int kind, Point at) {
  draw_part(c, s.shapes[kind], s.parts[kind], at, s.part_scale);
}

// The robot takes every part of the last kind as it passes kPickX, at the start of the cycle.
bool taken(const SceneStyle& s, int kind, double x) {
  return kind == kPartKinds - 1 && x > kPickX + s.robot_dx;
}

/// Where the gripper is at a share of the cycle.
struct Stop {
  double share;
  Point at;
};

constexpr double kReleaseShare = 0.38;

Point stop_at(double share) {
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

void draw_tray(Canvas& c, const SceneStyle& s) {
  c.shadow({486, 222}, 34, 12, 0.4);
  c.bevelled(458, 192, 54, 34, s.tray);
}

void draw_joint(Canvas& c, Point at, double radius) {
  c.disc(at, radius, colour(0x3a4146));
  c.disc(at, radius * 0.55, colour(0x8e989e));
}

void draw_arm(Canvas& c, const SceneStyle& s, double share) {
  const Point shoulder{330, 158};
  const Point tool = stop_at(share);
  const Point wrist = tool + Point{0, -22};
  const Point elbow = elbow_of(shoulder, wrist);
  const Colour shade = darker(s.robot, 0.26);
  c.limb(shoulder + Point{2, 3}, elbow + Point{2, 3}, 28, 21, shade);
  c.limb(shoulder, elbow, 26, 19, s.robot);
  c.limb(elbow + Point{2, 3}, wrist + Point{2, 3}, 19, 13, shade);
  c.limb(elbow, wrist, 17, 12, lighter(s.robot, 0.1));
  draw_joint(c, shoulder, 14);
  draw_joint(c, elbow, 10);
  draw_joint(c, wrist, 7);
  c.bevelled(wrist.x - 11, wrist.y + 6, 22, 8, colour(0x454d52));
  const double open = share < kReleaseShare ? 9 : 12;
  c.rect(wrist.x - open - 2, wrist.y + 13, 4, 14, colour(0x2f363b));
  c.rect(wrist.x + open - 2, wrist.y + 13, 4, 14, colour(0x2f363b));
}

void draw_lights(Canvas& c, const SceneStyle& s, double share) {
  const double turn = share * s.blinks;
  const bool amber = turn - std::floor(turn) < 0.5;
  c.disc({538, 138}, 6, colour(0x39464e));
  c.disc({538, 138}, 4.5, colour(0x3fd07a));
  c.disc({560, 138}, 6, colour(0x39464e));
  c.disc({560, 138}, 4.5, colour(amber ? 0xffc23c : 0x6b5526));
  c.disc({582, 138}, 6, colour(0x39464e));
  c.disc({582, 138}, 4.5, colour(0x5c2a26));
}

}  // namespace

double belt_speed(const SceneStyle& s) {
  return kPartSpacing * kPartKinds / s.cycle_s;
}

double part_x(const SceneStyle& s, double seconds, std::int64_t number) {
  return kPickX + s.robot_dx + travelled(s, seconds) - static_cast<double>(number) * kPartSpacing;
}

int part_kind(std::int64_t number) {
  return static_cast<int>(((kPartKinds - 1 - number) % kPartKinds + kPartKinds) % kPartKinds);
}

Point gripper_at(const SceneStyle& s, double seconds) {
  return stop_at(share_of(s, seconds)) + Point{s.robot_dx, s.belt_dy};
}

void draw_part_on_belt(Canvas& c, const SceneStyle& s, double seconds, std::int64_t number) {
  const double x = part_x(s, seconds, number);
  const int kind = part_kind(number);
  if (x < -60 || x > 700 || taken(s, kind, x)) return;
  Canvas belt = c.moved({0, s.belt_dy});
  belt.shadow({x + 4, kPartY + 3}, 34 * s.part_scale, 9, 0.5);
  draw_kind(belt, s, kind, {x, kPartY});
}

void draw_robot(Canvas& c, const SceneStyle& s, double seconds) {
  Canvas robot = c.moved({s.robot_dx, s.belt_dy});
  draw_arm(robot, s, share_of(s, seconds));
}

void draw_motion(Canvas& c, const SceneStyle& s, double seconds, std::int64_t missing) {
  const double share = share_of(s, seconds);
  const double way = travelled(s, seconds);
  Canvas belt = c.moved({0, s.belt_dy});
  Canvas robot = c.moved({s.robot_dx, s.belt_dy});
  Canvas cabinet = c.moved({s.cabinet_dx, 0});
  draw_belt(belt, s, way);
  draw_lights(cabinet, s, share);
  if (share < kReleaseShare) draw_kind(robot, s, kPartKinds - 1, stop_at(share) + Point{0, 26});
  draw_tray(robot, s);
  const auto newest = static_cast<std::int64_t>(std::floor(way / kPartSpacing)) + 5;
  for (std::int64_t number = newest; number > newest - 9; --number)
    if (number != missing) draw_part_on_belt(c, s, seconds, number);
  draw_robot(c, s, seconds);
}

}  // namespace novelty
