// SPDX-License-Identifier: Apache-2.0
// What a training run does when: every choice a pure function of the seed and a counter, so that a
// resumed run does what an unbroken one would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rng.h"

namespace novelty {

/// Fewer pictures than this cannot be split into training and calibration.
inline constexpr std::size_t kLeastPictures = 8;

/// What a random draw is for: each purpose has streams of its own.
enum class Draw : std::uint8_t {
  kSplit = 1,
  kOrder,
  kMask,
  kVariant,
  kCalibrationView,
  kCompactView,
  kTuningView
};

/// The generator of draw number `index` (< 2^56) for `purpose`.
Rng rng_for(std::uint64_t seed, Draw purpose, std::uint64_t index);

/// Positions in the source, ascending.
struct Split {
  std::vector<std::size_t> training;
  std::vector<std::size_t> holdout;
};

/// Holds out round(share * count) pictures, at least five but at most half: the last ones of a
/// time-ordered source (neighbouring frames are near copies, so a split at random would calibrate
/// on what was learnt), a seeded choice otherwise. Throws: Error(kSettings) for fewer than
/// kLeastPictures.
Split split_pictures(std::size_t count, bool time_ordered, double share, std::uint64_t seed);

/// Batches of an epoch: whole ones only, at least one.
std::size_t steps_per_epoch(std::size_t records, std::size_t batch);

/// The records of step `step`: min(batch, records) of them. Every epoch is a fresh permutation.
std::vector<std::size_t> batch_of_step(std::size_t step, std::size_t records, std::size_t batch,
                                       std::uint64_t seed);

/// Linear warm-up over `warmup` of the steps, then half a cosine down to zero.
double learning_rate_at(std::size_t step, std::size_t steps, double peak, double warmup);

}  // namespace novelty
