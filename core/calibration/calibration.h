// SPDX-License-Identifier: Apache-2.0
// What normal footage scores, and the threshold and p-values that follow from it.
#pragma once

#include <span>
#include <vector>

#include "base/safetensors.h"

namespace novelty {

/// Stored in the bundle as `calibration.*` tensors and facts.
struct Calibration {
  std::vector<float> location_mean;   ///< [patches] of the discrepancy on held-out footage
  std::vector<float> location_scale;  ///< [patches], > 0
  std::vector<float> map_zero;        ///< [patches] discrepancy drawn as 0 on the map
  std::vector<float> map_one;         ///< [patches] discrepancy drawn as 1, > map_zero
  std::vector<float> scores;          ///< sorted image scores of the held-out footage
  double tail_scale = 0;              ///< of the exponential tail beyond the highest score
  double threshold = 0;
  double exit_threshold = 0;
};

}  // namespace novelty
