// SPDX-License-Identifier: Apache-2.0
// The presets: every number a training run is made of, in one place, with its reason.
#pragma once

#include <cstddef>
#include <string>

#include "nn/token_comparison.h"
#include "novelty/events.h"
#include "novelty/trainer.h"

namespace novelty {

/// How the teacher is fine-tuned on the training pictures before all else.
enum class FineTuning {
  kNone,
  kContrast,  ///< mean-shifted contrastive (Reiss and Hoshen 2023)
  kDefend     ///< dense, the paper's stage 1
};

struct TuningRecipe {
  FineTuning kind = FineTuning::kNone;
  std::size_t pictures = 0;  ///< an even sample of at most so many
  std::size_t batch = 32;    ///< pictures a step
  std::size_t steps = 0;
  double learning_rate = 0;   ///< peak
  double warmup = 0;          ///< share of the steps, then a cosine to zero; 0: a constant rate
  int crops = 4;              ///< of kDefend: a picture and step (the reference's)
  int prototypes = 5;         ///< of kDefend
  bool hard_targets = false;  ///< of kDefend
};

/// The numbers of a run. See docs/method.md for how they were found.
struct Recipe {
  std::size_t variants = 0;     ///< varied copies of every training picture
  std::size_t batch = 16;       ///< pictures a step
  std::size_t steps = 0;        ///< optimiser steps
  double learning_rate = 1e-3;  ///< peak
  double warmup = 0.1;          ///< share of the steps
  double weight_decay = 0.05;   ///< of matrices
  double beta1 = 0.9, beta2 = 0.95;
  int student_depth = 0;       ///< blocks; 0: half the teacher's and four at most, as a small
                               ///< student trains in a minute, scores fast and generalises less
                               ///< to what it has not seen
  int student_width = 0;       ///< 0: the teacher's
  bool whole_student = false;  ///< all of the teacher's blocks, as in the paper
  TokenComparison comparison;  ///< of teacher and student
  TuningRecipe tuning;
  std::size_t calibration_views = 96;  ///< varied views of held-out pictures
  double top_share = 0.05;             ///< a foreign object covers few patches: no plain mean
  bool whole_pictures = false;         ///< pictures of a kind of thing: no density of tokens at
                                       ///< their places
  bool guards_scene = true;            ///< one scene: a guard tells when it is another
  bool picture_density = false;        ///< one of pictures as wholes
  EventOptions events;                 ///< durations; the thresholds come from calibration
};

/// The preset of `options` for `pictures` training pictures, what `options` say put in.
/// Throws: Error(kSettings) listing the presets, or the kinds of fine-tuning.
Recipe resolve_recipe(const TrainingOptions& options, std::size_t pictures);

}  // namespace novelty
