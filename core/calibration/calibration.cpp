// SPDX-License-Identifier: Apache-2.0
// Fits the statistics of normal footage: its scores, its events' levels, the thresholds.
#include "calibration/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "calibration/event_levels.h"
#include "calibration/score_distribution.h"

namespace novelty {
namespace {

constexpr double kNsPerSecond = 1e9, kSecondsPerHour = 3600;
// The tail of events is learnt from the upper half of the levels, at most so many of them or, in
// long footage, the highest twentieth.
constexpr std::size_t kMostPeaks = 50, kLongShare = 20;
constexpr double kUpperShare = 0.9;
// Up to this lag every one is looked at, beyond it lags this factor apart.
constexpr std::size_t kDenseLags = 32;
constexpr double kLagGrowth = 1.1;

std::vector<float> sorted(std::span<const float> values) {
  std::vector<float> result(values.begin(), values.end());
  std::sort(result.begin(), result.end());
  return result;
}

// Sum of (v[i] - mean)(v[i - lag] - mean).
double lagged_product(std::span<const float> values, double mean, std::size_t lag) {
  double sum = 0;
  for (std::size_t i = lag; i < values.size(); ++i)
    sum += (values[i] - mean) * (values[i - lag] - mean);
  return sum;
}

// How many neighbours in time carry the information of one: 1 + 2 * the sum of autocorrelations up
// to the first that is not positive; linear between the lags looked at.
double correlation_length(std::span<const float> in_time) {
  const double mean =
      std::accumulate(in_time.begin(), in_time.end(), 0.0) / static_cast<double>(in_time.size());
  const double power = lagged_product(in_time, mean, 0);
  double length = 1, before = 0;
  std::size_t last = 0;
  for (std::size_t lag = 1; power > 0 && lag < in_time.size();) {
    const double correlation = lagged_product(in_time, mean, lag) / power;
    if (correlation <= 0) break;
    const auto gap = static_cast<double>(lag - last);
    length += (gap + 1) * correlation + (gap - 1) * before;  // twice the sum over (last, lag]
    before = correlation;
    last = lag;
    lag = lag < kDenseLags ? lag + 1
                           : static_cast<std::size_t>(kLagGrowth * static_cast<double>(lag));
  }
  return length;
}

// How many independent scores the pictures are worth to the tail: neighbours are alike in whether
// they lie in the upper tenth.
double independent_of(std::span<const float> in_time, const std::vector<float>& sorted) {
  const double start = quantile_of(sorted, kUpperShare);
  std::vector<float> upper;
  for (const float score : in_time) upper.push_back(score > start ? 1 : 0);
  return std::max(1.0, static_cast<double>(in_time.size()) / correlation_length(upper));
}

std::vector<float> thinned(std::vector<float> values) {
  if (values.size() <= kMostScores) return values;
  std::vector<float> result(kMostScores);
  for (std::size_t i = 0; i < kMostScores; ++i)
    result[i] = values[(2 * i + 1) * values.size() / (2 * kMostScores)];
  result.back() = values.back();
  return result;
}

// The upper levels, and where they start: at the highest of the others or, where there is but one
// level, at the median score.
void set_peaks(Calibration& calibration, const std::vector<float>& levels) {
  const std::size_t most = std::max(kMostPeaks, levels.size() / kLongShare);
  const std::size_t count = std::min((levels.size() + 1) / 2, most);
  const double highest = levels.back();
  calibration.peak_start =
      levels.size() > 1 ? levels[levels.size() - 1 - count] : quantile_of(calibration.scores, 0.5);
  calibration.peak_start = std::min(calibration.peak_start, highest - least_scale(highest));
  calibration.peaks.assign(std::upper_bound(levels.begin(), levels.end(), calibration.peak_start),
                           levels.end());
}

}  // namespace

Calibration fit_calibration(const HeldOutScores& held_out, const EventOptions& events,
                            double target_per_hour) {
  const bool in_order = held_out.interval_s > 0;
  const double interval_s = in_order ? held_out.interval_s : 1;
  const auto count = static_cast<double>(held_out.in_time.size());
  const auto all = sorted(held_out.in_time);
  Calibration calibration;
  calibration.scores = thinned(all);
  calibration.views = sorted(held_out.views);
  calibration.hours = count * interval_s / kSecondsPerHour;
  calibration.independent = in_order ? independent_of(held_out.in_time, all) : count;
  const auto interval_ns = std::max<std::int64_t>(1, std::llround(interval_s * kNsPerSecond));
  set_peaks(calibration, in_order ? event_levels(held_out.in_time, interval_ns, events) : all);
  retarget_calibration(calibration, target_per_hour);
  return calibration;
}

void retarget_calibration(Calibration& calibration, double target_per_hour) {
  const DecisionScale scale(calibration);
  calibration.target_per_hour = target_per_hour;
  calibration.threshold = scale.score_of_rate(target_per_hour);
  calibration.exit_threshold = scale.score_of_rate(exit_rate(target_per_hour));
}

double exit_rate(double per_hour) {
  return std::min(kExitFactor * per_hour, (per_hour + kSecondsPerHour) / 2);
}

void calibrated_map(const Calibration& calibration, std::span<const float> values,
                    std::span<float> map) {
  const double width = calibration.map_one - calibration.map_zero;
  for (std::size_t i = 0; i < map.size(); ++i)
    map[i] = static_cast<float>(std::max(0.0, (values[i] - calibration.map_zero) / width));
}

double quantile_of(std::span<const float> sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto lower = static_cast<std::size_t>(at);
  const std::size_t upper = std::min(lower + 1, sorted.size() - 1);
  const double low = sorted[lower];
  return low + (at - static_cast<double>(lower)) * (sorted[upper] - low);
}

}  // namespace novelty
