// SPDX-License-Identifier: Apache-2.0
// The presets: every number a training run is made of, in one place, with its reason.
#pragma once

#include <cstddef>
#include <string>

#include "novelty/events.h"
#include "novelty/trainer.h"

namespace novelty {

/// The numbers of a run. See docs/method.md for how they were found.
struct Recipe {
  std::size_t variants = 0;     ///< varied copies of every training picture
  std::size_t batch = 16;       ///< pictures a step
  std::size_t steps = 0;        ///< optimiser steps
  double learning_rate = 1e-3;  ///< peak
  double warmup = 0.1;          ///< share of the steps
  double weight_decay = 0.05;   ///< of matrices
  double beta1 = 0.9, beta2 = 0.95;
  int student_depth =
      4;  ///< blocks at most, and half the teacher's at most: a small student trains in a minute,
          ///< scores fast and generalises less to what it has not seen
  std::size_t calibration_views = 96;  ///< varied views of held-out pictures
  double top_share = 0.05;             ///< a foreign object covers few patches: no plain mean
  bool whole_pictures = false;         ///< one density of pictures as a whole, instead of one of
                                       ///< tokens at their places, and no scene to guard
  EventOptions events;                 ///< durations; the thresholds come from calibration
};

/// The preset of `options` for `pictures` training pictures, the options that are not 0 put in.
/// Throws: Error(kSettings) listing the presets.
Recipe resolve_recipe(const TrainingOptions& options, std::size_t pictures);

}  // namespace novelty
