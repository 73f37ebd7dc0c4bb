// SPDX-License-Identifier: Apache-2.0
// A drawn work cell to try things on: when what is where, and how bright it is.
#include "scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

#include "base/rng.h"
#include "novelty/error.h"
#include "scene_canvas.h"
#include "scene_drawing.h"

namespace novelty {
namespace {

constexpr double kMostSeconds = 86400;
constexpr double kEntryS = 0.4;       // a foreign object slides in and out so long
constexpr double kDaylightS = 19;     // period of the daylight's drift,
constexpr double kDaylight = 0.015;   // and how far it goes either way
constexpr double kNoiseLevels = 1.8;  // deviation of the sensor noise

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

/// The foreign object in a frame, and how far it is from its resting place.
struct Presence {
  ForeignObject object;
  double shift = 0;
};

std::optional<Presence> presence(const SceneOptions& o, int frame) {
  for (std::size_t i = 0; i < o.novel.size(); ++i) {
    const auto [first, last] = o.novel[i];
    if (frame < first || frame > last) continue;
    const double since_s = std::min(frame - first + 1, last - frame + 1) / double(o.fps);
    const double outside = std::max(0.0, 1.0 - since_s / kEntryS);
    const ForeignObject object = foreign_object(o.seed, static_cast<int>(i));
    return Presence{object, object.entry * outside * outside};
  }
  return std::nullopt;
}

SceneTruth truth_of(const Presence& presence, int width, int height) {
  const SceneBox& box = presence.object.box;
  const auto along = [](double nominal, int side, double whole) {
    return std::clamp(static_cast<int>(std::lround(nominal * side / whole)), 0, side);
  };
  const int left = along(box.x, width, 640);
  const int right = along(box.x + box.width, width, 640);
  const int top = along(box.y + presence.shift, height, 360);
  const int bottom = along(box.y + presence.shift + box.height, height, 360);
  return {true, left, top, right - left, bottom - top};
}

}  // namespace

SceneRenderer::SceneRenderer(const SceneOptions& options) : options_(options) {
  check(options);
  frame_count_ = std::max(1, static_cast<int>(std::lround(options.duration_s * options.fps)));
  check_novel(options, frame_count_);
  background_.width = options.width;
  background_.height = options.height;
  background_.bgr.resize(3 * static_cast<std::size_t>(options.width) * options.height);
  draw_background(background_, options.seed);
}

Picture SceneRenderer::frame(int frame) const {
  require(frame >= 0 && frame < frame_count_, "frame", std::to_string(frame), "is not in the clip");
  const double seconds = frame / double(options_.fps);
  Picture picture = background_;
  draw_motion(picture, std::fmod(seconds, kCycleS));
  if (const auto there = presence(options_, frame)) {
    draw_foreign(picture, there->object, there->shift);
  }
  const double daylight = 1 + kDaylight * std::sin(2 * std::numbers::pi * seconds / kDaylightS);
  const std::uint64_t noise_seed = Rng(options_.seed, static_cast<std::uint64_t>(frame)).next();
  Canvas(picture).expose(daylight, kNoiseLevels, noise_seed);
  return picture;
}

SceneTruth SceneRenderer::truth(int frame) const {
  require(frame >= 0 && frame < frame_count_, "frame", std::to_string(frame), "is not in the clip");
  const auto there = presence(options_, frame);
  return there ? truth_of(*there, options_.width, options_.height) : SceneTruth{};
}

}  // namespace novelty
