// SPDX-License-Identifier: Apache-2.0
// Fits the statistics of normal footage: map scale, tail of the scores, thresholds.
#include "calibration/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace novelty {
namespace {

// One false alarm an hour if scores were independent from second to second.
constexpr double kThresholdP = 1.0 / 3600;
// An event stays open while scores are at least this rare: hysteresis against flicker.
constexpr double kExitP = 10 * kThresholdP;

// Note [The map's scale]
// The map is 0 up to the discrepancy that one normal patch in ten exceeds and 1 at the one that one
// in a thousand exceeds; between and beyond, a value's p-value is taken as log-linear in it.
constexpr double kMapZeroP = 0.1;
constexpr double kMapOneP = 0.001;

// Relative to the values themselves: keeps scales over 0 when all pictures are the same.
constexpr double kLeastSpread = 1e-3;

double mean_of(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(std::span<const float> values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const float value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size() - 1);
}

// How many neighbours in time carry the information of one: 1 + 2 * the sum of autocorrelations
// up to the first that is not positive.
double correlation_length(std::span<const float> in_time) {
  const std::size_t count = in_time.size();
  const double mean = mean_of(in_time);
  const auto product = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = lag; i < count; ++i)
      sum += (in_time[i] - mean) * (in_time[i - lag] - mean);
    return sum;
  };
  const double power = product(0);
  double length = 1;
  for (std::size_t lag = 1; power > 0 && lag < count; ++lag) {
    const double correlation = product(lag) / power;
    if (correlation <= 0) break;
    length += 2 * correlation;
  }
  return length;
}

// Varied copies of one picture are not independent: they share what the pictures themselves vary
// by.
double effective_count(std::span<const float> scores, std::span<const float> clean) {
  const auto count = static_cast<double>(scores.size());
  const double independent =
      std::max(1.0, static_cast<double>(clean.size()) / correlation_length(clean));
  const double all = variance_of(scores);
  const double shared = all > 0 ? std::min(1.0, variance_of(clean) / all) : 1;
  return count / std::max(1.0, 1 + (count / independent - 1) * shared);
}

std::vector<float> scores_of(std::span<const float> rows, std::size_t patches,
                             const ScoreDefinition& definition) {
  std::vector<float> scores;
  for (; !rows.empty(); rows = rows.subspan(patches))
    scores.push_back(static_cast<float>(image_score(rows.first(patches), {}, {}, definition)));
  return scores;
}

void fit_tail(Calibration& calibration, std::span<const float> clean) {
  const std::span<const float> scores = calibration.scores;
  const double start = quantile_of(scores, 1 - kTailShare);
  double excess = 0, count = 0;
  for (const float score : scores)
    if (score > start) excess += score - start, count += 1;
  const double least = kLeastSpread * std::max(std::abs(start), kLeastSpread);
  calibration.tail_scale = std::max(least, count > 0 ? excess / count : 0);
  calibration.tail_shape = std::max(1.0, kTailShare * effective_count(scores, clean));
}

void fit_map(Calibration& calibration, std::span<const float> rows, std::size_t patches) {
  std::vector<float> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end());
  const double zero = quantile_of(sorted, 1 - kMapZeroP);
  const double least = kLeastSpread * std::max(zero, kLeastSpread);
  const double one = std::max(quantile_of(sorted, 1 - kMapOneP), zero + least);
  calibration.map_zero.assign(patches, static_cast<float>(zero));
  calibration.map_one.assign(patches, static_cast<float>(one));
}

}  // namespace

Calibration fit_calibration(const HeldOutFootage& footage, const ScoreDefinition& definition) {
  const auto rows = footage.varied.empty() ? footage.clean : footage.varied;
  Calibration calibration;
  fit_map(calibration, rows, footage.patches);
  calibration.scores = scores_of(rows, footage.patches, definition);
  std::sort(calibration.scores.begin(), calibration.scores.end());
  fit_tail(calibration, scores_of(footage.clean, footage.patches, definition));
  calibration.threshold = score_of(calibration, kThresholdP);
  calibration.exit_threshold = score_of(calibration, kExitP);
  return calibration;
}

void calibrated_map(const Calibration& calibration, std::span<const float> discrepancy,
                    std::span<float> map) {
  for (std::size_t i = 0; i < map.size(); ++i) {
    const float zero = calibration.map_zero[i];
    map[i] = std::max(0.0F, (discrepancy[i] - zero) / (calibration.map_one[i] - zero));
  }
}

double map_p_value(double value) {
  const double log_p = std::log(kMapZeroP) + value * std::log(kMapOneP / kMapZeroP);
  return std::max(std::exp(log_p), 1e-30);
}

}  // namespace novelty
