// SPDX-License-Identifier: Apache-2.0
// A drawn scene without light and noise, with what does not belong in it.
#include "scene_stage.h"

#include <cstddef>

namespace novelty {
namespace {

constexpr double kGrain = 9;  // levels: paint is not quite even
constexpr std::uint8_t kHalfCovered = 128;

Picture black(int width, int height) {
  return {width, height, std::vector<std::uint8_t>(3 * static_cast<std::size_t>(width) * height)};
}

/// It comes in from above, or from below where it stands or reaches in there.
double entry_of(const SceneVisit& visit) {
  const bool from_below = visit.place == ScenePlace::kFloor || visit.kind == ForeignKind::kHand;
  return from_below ? 360 - visit.box.y : -(visit.box.y + visit.box.height);
}

SceneBox box_at(const SceneStyle& s, const SceneVisit& visit, const SceneMoment& moment) {
  SceneBox box = visit.box;
  if (visit.place == ScenePlace::kBelt) box.x += belt_speed(s) * moment.since_middle_s;
  if (visit.place == ScenePlace::kGripper) {
    const Point way =
        gripper_at(s, moment.seconds) - gripper_at(s, moment.seconds - moment.since_middle_s);
    box.x += way.x;
    box.y += way.y;
  }
  box.y += entry_of(visit) * moment.outside * moment.outside;
  return box;
}

void draw_shadow(Canvas& c, const SceneVisit& visit, const SceneBox& box) {
  if (visit.place != ScenePlace::kFloor && visit.place != ScenePlace::kBelt) return;
  if (visit.kind == ForeignKind::kHand) return;
  c.shadow({box.x + box.width / 2 + 4, visit.box.y + visit.box.height}, box.width * 0.7, 9, 0.5);
}

void draw_visitor(Canvas& c, const SceneStyle& s, const SceneVisit& visit,
                  const SceneMoment& moment) {
  const SceneBox box = box_at(s, visit, moment);
  draw_shadow(c, visit, box);
  c.mute(visit.middle, visit.keep);
  draw_foreign(c, visit.kind, box);
}

/// What is missing in white, what is before it in black.
void draw_gap(Canvas& c, const SceneStyle& s, const SceneVisit& visit, const SceneMoment& moment) {
  c.paint_all(colour(0xffffff));
  draw_fixture(c, s, visit.missing);
  if (visit.missing_part != kNoPart) draw_part_on_belt(c, s, moment.seconds, visit.missing_part);
  c.paint_all(colour(0x000000));
  if (visit.missing_part == kNoPart) draw_motion(c, s, moment.seconds);
  if (visit.missing_part != kNoPart) draw_robot(c, s, moment.seconds);
}

}  // namespace

SceneStage::SceneStage(int width, int height, const SceneStyle& style, std::uint64_t paint_seed)
    : width_(width),
      height_(height),
      style_(style),
      paint_seed_(paint_seed),
      background_(background(Fixture::kNone)) {}

Picture SceneStage::background(Fixture missing) const {
  Picture picture = black(width_, height_);
  Canvas canvas(picture);
  draw_background(canvas, style_, missing);
  canvas.add_grain(kGrain, paint_seed_);
  return picture;
}

Picture SceneStage::picture(const SceneMoment& moment, const SceneVisit* visit) const {
  const Fixture missing = visit ? visit->missing : Fixture::kNone;
  Picture picture = missing == Fixture::kNone ? background_ : background(missing);
  Canvas canvas(picture);
  draw_motion(canvas, style_, moment.seconds, visit ? visit->missing_part : kNoPart);
  if (visit && !visit->absent) draw_visitor(canvas, style_, *visit, moment);
  if (style_.mirrored) canvas.mirror();
  return picture;
}

std::vector<std::uint8_t> SceneStage::mask(const SceneMoment& moment,
                                           const SceneVisit& visit) const {
  Picture drawn = black(width_, height_);
  Canvas canvas(drawn);
  if (visit.absent) {
    draw_gap(canvas, style_, visit, moment);
  } else {
    canvas.paint_all(colour(0xffffff));
    draw_visitor(canvas, style_, visit, moment);
  }
  if (style_.mirrored) canvas.mirror();
  std::vector<std::uint8_t> mask(drawn.bgr.size() / 3);
  for (std::size_t i = 0; i < mask.size(); ++i)
    mask[i] = drawn.bgr[3 * i] >= kHalfCovered ? 255 : 0;
  return mask;
}

}  // namespace novelty
