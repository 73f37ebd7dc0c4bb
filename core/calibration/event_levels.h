// SPDX-License-Identifier: Apache-2.0
// At which thresholds footage would have raised its events.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "novelty/events.h"

namespace novelty {

/// An open event goes on while the score is at least as high as comes this many times as often as
/// the threshold: hysteresis.
inline constexpr double kExitFactor = 3;

/// The levels of the events of `in_time` (>= 1 score, `interval_ns` > 0 apart), ascending, >= 1:
/// with the threshold at t, EventTracker raises about as many events as there are levels >= t. See
/// Note [Event levels] in event_levels.cpp. Of events, the thresholds are not read.
std::vector<float> event_levels(std::span<const float> in_time, std::int64_t interval_ns,
                                const EventOptions& events);

}  // namespace novelty
