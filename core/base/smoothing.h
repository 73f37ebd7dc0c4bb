// SPDX-License-Identifier: Apache-2.0
// The exponential smoothing of scores in time, the same in calibration and live.
#pragma once

#include <cmath>
#include <cstdint>

namespace novelty {

/// The share of the way to a new sample that a smoothed value goes in `dt_ns` (>= 0), in [0, 1].
/// time_constant_ns: >= 0, 0 = no smoothing.
inline double smoothing_gain(std::int64_t dt_ns, std::int64_t time_constant_ns) {
  if (time_constant_ns == 0) return 1;
  return -std::expm1(-static_cast<double>(dt_ns) / static_cast<double>(time_constant_ns));
}

}  // namespace novelty
