// SPDX-License-Identifier: Apache-2.0
// Hours of a drawn scene with nothing foreign in it, and nuisances that no camera is spared.
#include "drawn_normal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/rng.h"
#include "scene_canvas.h"

namespace novelty::bench {
namespace {

constexpr double kDayS = 86'400;
constexpr std::uint64_t kSeed = 1, kOtherSeed = 2;
constexpr double kSwing = 0.10, kSwingS = 600;
constexpr double kMoreNoise = 3;                                                    // levels
constexpr double kLampGain = 0.12, kLampX = 0.8, kLampY = 0.2, kLampRadius = 0.45;  // of the sides
constexpr int kLampFrames = 2 * DrawnNormal::kFramesPerSecond;
constexpr int kBlock = 8;
constexpr double kBlockOffset = 2;  // levels
constexpr std::uint64_t kNuisanceSeed = 77;

SceneOptions painted_by(std::uint64_t paint_seed) {
  SceneOptions options;
  options.fps = DrawnNormal::kFramesPerSecond;
  options.seed = kSeed;
  options.paint_seed = paint_seed;
  options.duration_s = kDayS;
  return options;
}

std::uint8_t level(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

// New levels from old ones: change(x, y, level).
template <typename Change>
void change_levels(Picture& picture, Change change) {
  std::size_t at = 0;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x)
      for (int c = 0; c < 3; ++c, ++at) picture.bgr[at] = level(change(x, y, picture.bgr[at]));
}

void light_lamp(Picture& picture) {
  change_levels(picture, [&](int x, int y, double value) {
    const double dx = (x / double(picture.width) - kLampX) / kLampRadius;
    const double dy = (y / double(picture.height) - kLampY) / kLampRadius;
    return value * (1 + kLampGain * std::max(0.0, 1 - dx * dx - dy * dy));
  });
}

void add_blocks(Picture& picture, Rng& rng) {
  const int columns = (picture.width + kBlock - 1) / kBlock;
  std::vector<double> offsets(static_cast<std::size_t>(columns) *
                              ((picture.height + kBlock - 1) / kBlock));
  for (double& offset : offsets) offset = kBlockOffset * rng.normal();
  change_levels(picture, [&](int x, int y, double value) {
    return value + offsets[static_cast<std::size_t>(y / kBlock) * columns + x / kBlock];
  });
}

void disturb(Picture& picture, int frame, Nuisance nuisance) {
  Rng rng(kNuisanceSeed, static_cast<std::uint64_t>(frame));
  const double seconds = frame / double(DrawnNormal::kFramesPerSecond);
  if (nuisance == Nuisance::kExposure) {
    const double gain = 1 + kSwing * std::sin(2 * std::numbers::pi * seconds / kSwingS);
    change_levels(picture, [gain](int, int, double value) { return value * gain; });
  } else if (nuisance == Nuisance::kNoise) {
    Canvas(picture).expose(1, kMoreNoise, rng.next());
  } else if (nuisance == Nuisance::kLamp) {
    const auto turn = static_cast<std::uint64_t>(frame / kLampFrames);
    if (Rng(kNuisanceSeed + 1, turn).below(2) == 0) light_lamp(picture);
  } else if (nuisance == Nuisance::kBlocks) {
    add_blocks(picture, rng);
  }
}

}  // namespace

const std::vector<NuisanceText>& nuisances() {
  static const std::vector<NuisanceText> kAll = {
      {Nuisance::kAsDrawn, "as drawn", "calibration"},
      {Nuisance::kExposure, "exposure swing", "training"},
      {Nuisance::kNoise, "heavier noise", "training"},
      {Nuisance::kLamp, "flickering lamp", "nothing"},
      {Nuisance::kBlocks, "block noise", "nothing"},
      {Nuisance::kRepaint, "other paint", "nothing"},
  };
  return kAll;
}

DrawnNormal::DrawnNormal() : scene_(painted_by(kSeed)), repainted_(painted_by(kOtherSeed)) {}

Picture DrawnNormal::frame(int frame, Nuisance nuisance) const {
  Picture picture = (nuisance == Nuisance::kRepaint ? repainted_ : scene_).frame(frame);
  disturb(picture, frame, nuisance);
  return picture;
}

bool DrawnFootage::next(FrameView& frame) {
  if (next_ >= count_) return false;
  current_ = scene_.frame(static_cast<int>(next_++), Nuisance::kAsDrawn);
  frame = current_.view();
  return true;
}

}  // namespace novelty::bench
