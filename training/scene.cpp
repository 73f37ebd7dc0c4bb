// SPDX-License-Identifier: Apache-2.0
// A drawn work cell to try things on: when what is where, and how bright it is.
#include "scene.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>

#include "base/rng.h"
#include "novelty/error.h"
#include "scene_canvas.h"

namespace novelty {
namespace {

constexpr double kMostSeconds = 86400;
constexpr double kEntryS = 0.4;  // a foreign object slides in and out so long

void require(bool holds, const char* what, const std::string& value, const char* remedy) {
  if (!holds) throw Error(ErrorKind::kSettings, what, value, remedy);
}

void check(const SceneOptions& o) {
  const auto is_side = [](int side) { return side >= 16 && side <= 4096; };
  require(is_side(o.width) && is_side(o.height), "scene size",
          std::to_string(o.width) + "x" + std::to_string(o.height), "use 16 to 4096 pixels a side");
  require(o.fps >= 1 && o.fps <= 240, "frame rate", std::to_string(o.fps), "use 1 to 240");
  require(o.duration_s > 0 && o.duration_s <= kMostSeconds, "duration",
          std::to_string(o.duration_s) + " s", "use more than 0, up to 86400 s");
}

void check_novel(const SceneOptions& o, int frames) {
  int next = 0;
  for (const auto& [first, last] : o.novel) {
    require(first >= next && last >= first && last < frames, "novel frames",
            std::to_string(first) + "-" + std::to_string(last),
            "use ascending ranges within the clip");
    next = last + 1;
  }
}

const SceneOptions& checked(const SceneOptions& options) {
  check(options);
  return options;
}

double wave(double seconds, double period_s) {
  return std::sin(2 * std::numbers::pi * seconds / period_s);
}

// Brightness, colour and side of the light drift with periods of their own.
void light(Picture& picture, const SceneStyle& s, double seconds) {
  const double bright = 1 + s.daylight * wave(seconds, s.daylight_s);
  const double warm = s.warmth * wave(seconds, s.daylight_s * 0.61);
  const double tilt = s.tilt * wave(seconds, s.daylight_s * 1.37);
  Canvas(picture).light({bright * (1 - warm), bright, bright * (1 + warm)}, tilt);
}

}  // namespace

SceneRenderer::SceneRenderer(const SceneOptions& options)
    : options_(checked(options)),
      frame_count_(std::max(1, static_cast<int>(std::lround(options.duration_s * options.fps)))),
      stage_(options.width, options.height, scene_style(options.seed),
             options.paint_seed.value_or(options.seed)) {
  check_novel(options, frame_count_);
  visits_ = plan_visits(options.novel, options.fps, style(), options.seed);
}

void SceneRenderer::check_frame(int frame) const {
  require(frame >= 0 && frame < frame_count_, "frame", std::to_string(frame), "is not in the clip");
}

const SceneVisit* SceneRenderer::visit_at(int frame) const {
  const auto at = std::find_if(visits_.begin(), visits_.end(), [frame](const SceneVisit& visit) {
    return frame >= visit.first && frame <= visit.last;
  });
  return at == visits_.end() ? nullptr : &*at;
}

SceneMoment SceneRenderer::moment_of(int frame) const {
  SceneMoment moment{frame / double(options_.fps)};
  if (const SceneVisit* visit = visit_at(frame)) {
    const int since = std::min(frame - visit->first + 1, visit->last - frame + 1);
    moment.outside = std::max(0.0, 1 - since / double(options_.fps) / kEntryS);
    moment.since_middle_s = (frame - (visit->first + visit->last) / 2.0) / options_.fps;
  }
  return moment;
}

Picture SceneRenderer::frame(int frame) const {
  check_frame(frame);
  const SceneMoment moment = moment_of(frame);
  Picture picture = stage_.picture(moment, visit_at(frame));
  light(picture, style(), moment.seconds);
  const std::uint64_t noise_seed = Rng(options_.seed, static_cast<std::uint64_t>(frame)).next();
  Canvas(picture).expose(1, style().noise, noise_seed);
  return picture;
}

std::vector<std::uint8_t> SceneRenderer::mask(int frame) const {
  check_frame(frame);
  if (const SceneVisit* visit = visit_at(frame)) return stage_.mask(moment_of(frame), *visit);
  return std::vector<std::uint8_t>(static_cast<std::size_t>(options_.width) * options_.height);
}

}  // namespace novelty
