// SPDX-License-Identifier: Apache-2.0
// What normal footage scores, and the threshold and p-values that follow from it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/safetensors.h"
#include "scoring/anomaly_map.h"

namespace novelty {

/// Stored in the bundle as `calibration.*` tensors and facts.
struct Calibration {
  std::vector<float> location_mean;   ///< [patches] of the discrepancy on held-out footage
  std::vector<float> location_scale;  ///< [patches], > 0
  std::vector<float> map_zero;        ///< [patches] discrepancy drawn as 0 on the map
  std::vector<float> map_one;         ///< [patches] discrepancy drawn as 1, > map_zero
  std::vector<float> scores;          ///< sorted image scores of the held-out footage
  double tail_scale = 0;              ///< > 0, of the exponential tail: see Note [The p-value]
  double threshold = 0;
  double exit_threshold = 0;
};

/// What calibration learns from: held-out normal pictures, through the engine of live use.
struct HeldOutFootage {
  std::size_t patches = 0;        ///< of a picture
  std::span<const float> clean;   ///< [pictures, patches] discrepancy in [0, 4], in time order
  std::span<const float> varied;  ///< [views, patches] of varied views of them
};

/// Learns all of it; location_* stay empty. clean, varied: at least one picture each.
Calibration fit_calibration(const HeldOutFootage& footage, const ScoreDefinition& definition);

/// The p-value of an image score: how probable such a score or a higher one is in normal footage.
/// Continuous, strictly decreasing for scores over 0, in (0, 1]: see Note [The p-value] in
/// p_value.cpp. Thread: any, as for all functions here.
double p_value_of(const Calibration& calibration, double score);

/// The inverse of p_value_of. p_value: in (0, 1). Throws: Error(kSettings) outside of it.
double score_of(const Calibration& calibration, double p_value);

/// The anomaly map on the calibrated scale: 0 at map_zero, 1 at map_one, linear between and beyond,
/// never below 0. discrepancy, map: [patches].
void calibrated_map(const Calibration& calibration, std::span<const float> discrepancy,
                    std::span<float> map);

/// The share of normal footage whose scores lie in the exponential tail, from `tail_start` on.
inline constexpr double kTailShare = 0.25;

/// The score at which the tail starts; > 0.
double tail_start(const Calibration& calibration);

/// The value below which `share` of `sorted` (not empty, ascending) lies, linear between values.
double quantile_of(std::span<const float> sorted, double share);

}  // namespace novelty
