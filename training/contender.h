// SPDX-License-Identifier: Apache-2.0
// What is compared in an evaluation beside the model's own score: the score's parts and other
// methods, all calibrated by the model's rule.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calibration/calibration.h"
#include "footage.h"
#include "novelty/detector.h"

namespace novelty {

/// One picture as every contender sees it.
struct Sight {
  const FrameScore& model;            ///< what the model says of it
  std::span<const std::uint8_t> rgb;  ///< [input_size, input_size, 3], what the networks see
};

/// One way of scoring. `score` and `learn` share state: one clip each.
struct Contender {
  std::string name;                           ///< in files: "mog2"
  std::string title;                          ///< for people
  std::function<double(const Sight&)> score;  ///< larger is more novel
  std::function<void(const Sight&)> learn;    ///< empty: it learns nothing
  bool learns_on = false;                     ///< goes on learning from the frames it has scored
  bool varied = true;       ///< calibrated with varied views; else with the held-out frames alone
  Calibration calibration;  ///< set by `calibrate_contenders`
  std::optional<DecisionScale> scale;  ///< of `calibration`
};

/// All of them, new. expected: pictures each will learn from at the start.
std::vector<Contender> make_contenders(int input_size, std::size_t expected);

/// What a contender must outdo: `novelty train`'s own rule, for all. Lets them learn from the part
/// of `footage` that the networks learn from; the scores of the held-out rest and of 96 varied
/// views of it give threshold and p-values, by the same fit and with the same random draws. Throws:
/// Error; kCancelled on Ctrl-C.
void calibrate_contenders(std::vector<Contender>& contenders, const Detector& detector,
                          Footage& footage, std::uint64_t seed,
                          const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace novelty
