// SPDX-License-Identifier: Apache-2.0
// The presets: every number a training run is made of, in one place, with its reason.
#pragma once

#include <cstddef>
#include <string>

#include "novelty/events.h"
#include "novelty/trainer.h"
#include "scoring/anomaly_map.h"

namespace novelty {

/// A preset's numbers. See docs/method.md for how they were found.
struct Recipe {
  std::size_t steps = 300;      ///< optimiser steps when the options name no epochs
  std::size_t batch = 16;       ///< pictures a step
  double learning_rate = 5e-4;  ///< peak
  double warmup = 0.1;          ///< share of the steps
  double weight_decay = 0.05;
  double beta1 = 0.9, beta2 = 0.95;
  std::size_t variants = 8;          ///< varied copies of every training picture
  std::size_t holdout_variants = 4;  ///< the same of every held-out picture
  double strength = 1;               ///< of the variations
  ScoreDefinition score;
  EventOptions events;  ///< durations; the thresholds come from calibration
};

/// Throws: Error(kSettings) listing the presets.
Recipe recipe_of(const std::string& preset);

}  // namespace novelty
