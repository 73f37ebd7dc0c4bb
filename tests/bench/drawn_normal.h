// SPDX-License-Identifier: Apache-2.0
// Hours of a drawn scene with nothing foreign in it, and nuisances that no camera is spared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "novelty/trainer.h"
#include "picture.h"
#include "scene.h"

namespace novelty::bench {

/// What is done to the frames of a part of the measurement.
enum class Nuisance {
  kAsDrawn,   ///< nothing: its motion, daylight of +-1.5 % and sensor noise are in all footage
  kExposure,  ///< a swing of +-10 % with a period of ten minutes
  kNoise,     ///< further sensor noise, of 3 levels
  kLamp,      ///< a lamp that lights a third of the picture by up to 12 %, on or off for 2 s each
  kBlocks,    ///< an offset of deviation 2 for each 8x8 pixels, as a strongly compressed video has
  kRepaint,   ///< the scene of another seed: the paint on the walls is uneven in another way
};

struct NuisanceText {
  Nuisance nuisance;
  const char* name;
  const char* known_to;  ///< what has seen the like: "calibration", "training" or "nothing"
};
const std::vector<NuisanceText>& nuisances();

/// The drawn work cell for a day, frame by frame. Thread: one.
class DrawnNormal {
 public:
  static constexpr int kFramesPerSecond = 15;

  DrawnNormal();

  /// frame: 0 to 24 h * kFramesPerSecond - 1; a pure function of both.
  Picture frame(int frame, Nuisance nuisance) const;

 private:
  SceneRenderer scene_, repainted_;
};

/// The first `count` frames of the scene, to train on.
class DrawnFootage : public FrameSource {
 public:
  DrawnFootage(const DrawnNormal& scene, std::size_t count) : scene_(scene), count_(count) {}

  std::string identity() override { return "{\"drawn_frames\": " + std::to_string(count_) + "}"; }
  double interval_s() override { return 1.0 / DrawnNormal::kFramesPerSecond; }
  std::size_t count() override { return count_; }
  bool next(FrameView& frame) override;
  void rewind(std::size_t n) override { next_ = n; }

 private:
  const DrawnNormal& scene_;
  std::size_t count_, next_ = 0;
  Picture current_;
};

}  // namespace novelty::bench
