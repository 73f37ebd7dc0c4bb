// SPDX-License-Identifier: Apache-2.0
// From a series of scores to the levels of its events.
#include "calibration/event_levels.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "base/smoothing.h"
#include "calibration/calibration.h"

namespace novelty {
namespace {

// Note [Event levels]
// EventTracker begins an event when the smoothed score has stayed at or over the threshold t for
// the minimum duration. Let m be the least smoothed score over that long from a frame on: an event
// begins where m >= t. It ends when the score has stayed below the exit threshold for longer than
// the hold. Let h be the highest m over the hold time from a frame on: it rises and falls once for
// each event, if turns smaller than the gap between the two thresholds do not count. So the levels
// are the maxima of h between which it falls by more than the gap: b log(kExitFactor) for a tail of
// scale b; from the 0.9 to the 0.95 quantile such a tail goes b log 2.
constexpr double kUpperShare = 0.9, kHalfShare = 0.95;

std::vector<float> smoothed(std::span<const float> in_time, double gain) {
  std::vector<float> result;
  double value = in_time.front();
  for (const float score : in_time) {
    value += gain * (score - value);
    result.push_back(static_cast<float>(value));
  }
  return result;
}

// The first of values[i .. i + window), as ordered by `before`, for each i that has a whole window;
// a series shorter than the window is one.
template <typename Before>
std::vector<float> sliding_first(std::span<const float> values, std::size_t window, Before before) {
  window = std::min(window, values.size());
  std::vector<float> result;
  std::deque<std::size_t> candidates;  // each comes before all behind it
  for (std::size_t i = 0; i < values.size(); ++i) {
    while (!candidates.empty() && !before(values[candidates.back()], values[i]))
      candidates.pop_back();
    candidates.push_back(i);
    if (candidates.front() + window <= i) candidates.pop_front();
    if (i + 1 >= window) result.push_back(values[candidates.front()]);
  }
  return result;
}

double gap_of(std::vector<float> levels) {
  std::sort(levels.begin(), levels.end());
  const double halving = quantile_of(levels, kHalfShare) - quantile_of(levels, kUpperShare);
  return halving * std::log(kExitFactor) / std::log(2.0);
}

std::vector<float> maxima_of(std::span<const float> values, double gap) {
  std::vector<float> maxima;
  float turn = values.front();  // the highest since the last minimum, or the lowest since a maximum
  bool rising = true;
  for (const float value : values) {
    const bool turns = rising ? value < turn - gap : value > turn + gap;
    if (turns && rising) maxima.push_back(turn);
    if (turns) rising = !rising;
    if (turns || (rising ? value > turn : value < turn)) turn = value;
  }
  if (rising) maxima.push_back(turn);
  return maxima;
}

}  // namespace

std::vector<float> event_levels(std::span<const float> in_time, std::int64_t interval_ns,
                                const EventOptions& events) {
  const auto frames = [&](std::int64_t time_ns) {
    return static_cast<std::size_t>(time_ns / interval_ns);
  };
  const std::size_t duration =
      frames(events.min_duration_ns) + (events.min_duration_ns % interval_ns != 0 ? 1 : 0);
  const auto least =
      sliding_first(smoothed(in_time, smoothing_gain(interval_ns, events.smoothing_ns)),
                    duration + 1, std::less<>());
  const auto held = sliding_first(least, frames(events.hold_ns) + 1, std::greater<>());
  auto levels = maxima_of(held, gap_of(least));
  std::sort(levels.begin(), levels.end());
  return levels;
}

}  // namespace novelty
