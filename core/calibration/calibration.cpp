// SPDX-License-Identifier: Apache-2.0
// Fits the statistics of normal footage: tail of the scores, thresholds, the map's scale.
#include "calibration/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace novelty {
namespace {

// A score over the threshold comes once an hour if scores are independent from second to second.
constexpr double kThresholdP = 1.0 / 3600;
// An open event goes on while the score is at least this rare: hysteresis against flicker.
constexpr double kExitP = 3 * kThresholdP;
// The map starts at the discrepancy that one normal patch in ten exceeds.
constexpr double kMapZeroP = 0.1;
// The 5 % quantile of the standard normal: the tail's scale is a 95 % upper confidence limit.
constexpr double kNormalQuantile = -1.6449;
// Least scale, relative to the scores: keeps it over 0 when all pictures are the same.
constexpr double kLeastSpread = 1e-3;

double mean_of(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Sum of (v[i] - mean)(v[i - lag] - mean).
double lagged_product(std::span<const float> values, std::size_t lag) {
  const double mean = mean_of(values);
  double sum = 0;
  for (std::size_t i = lag; i < values.size(); ++i)
    sum += (values[i] - mean) * (values[i - lag] - mean);
  return sum;
}

double variance_of(std::span<const float> values) {
  return lagged_product(values, 0) / static_cast<double>(values.size());
}

// How many neighbours in time carry the information of one: 1 + 2 * the sum of autocorrelations up
// to the first that is not positive.
double correlation_length(std::span<const float> in_time) {
  const double power = lagged_product(in_time, 0);
  double length = 1;
  for (std::size_t lag = 1; power > 0 && lag < in_time.size(); ++lag) {
    const double correlation = lagged_product(in_time, lag) / power;
    if (correlation <= 0) break;
    length += 2 * correlation;
  }
  return length;
}

// How many independent scores the views are worth: views of the same few moments share what those
// moments differ by (the design effect of sampling in clusters).
double effective_count(std::span<const float> views, std::span<const float> clean) {
  const auto count = static_cast<double>(views.size());
  const double moments =
      std::max(1.0, static_cast<double>(clean.size()) / correlation_length(clean));
  const double all = variance_of(views);
  const double shared = all > 0 ? std::min(1.0, variance_of(clean) / all) : 0;
  return count / std::max(1.0, 1 + (count / moments - 1) * shared);
}

// The 5 % quantile of chi-square with `freedom` degrees, by Wilson and Hilferty (1931).
double low_chi_square(double freedom) {
  const double spread = 2 / (9 * freedom);
  return freedom * std::pow(1 - spread + kNormalQuantile * std::sqrt(spread), 3);
}

// The mean excess over the tail's start, raised to its upper confidence limit as an exponential's
// scale: the shorter the footage, the wider the tail. This is the margin of safety.
double fit_tail_scale(const Calibration& calibration, std::span<const float> clean) {
  const double start = tail_start(calibration);
  double excess = 0, count = 0;
  for (const float score : calibration.scores)
    if (score > start) excess += score - start, count += 1;
  const double scale = std::max(kLeastSpread * start, count > 0 ? excess / count : 0);
  const double worth = std::max(1.0, kTailShare * effective_count(calibration.scores, clean));
  return scale * 2 * worth / low_chi_square(2 * worth);
}

std::vector<float> scores_of(std::span<const float> rows, std::size_t patches,
                             const ScoreDefinition& definition) {
  std::vector<float> scores;
  for (; !rows.empty(); rows = rows.subspan(patches))
    scores.push_back(static_cast<float>(image_score(rows.first(patches), {}, {}, definition)));
  return scores;
}

// One scale for all patches. It is 1 at the threshold of the image score: an area that large at
// that discrepancy makes the picture novel.
void fit_map(Calibration& calibration, std::span<const float> rows, std::size_t patches) {
  std::vector<float> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end());
  const auto zero = static_cast<float>(quantile_of(sorted, 1 - kMapZeroP));
  const auto least = static_cast<float>(zero + kLeastSpread * tail_start(calibration));
  calibration.map_zero.assign(patches, zero);
  calibration.map_one.assign(patches, std::max(static_cast<float>(calibration.threshold), least));
}

}  // namespace

Calibration fit_calibration(const HeldOutFootage& footage, const ScoreDefinition& definition) {
  Calibration calibration;
  calibration.scores = scores_of(footage.varied, footage.patches, definition);
  std::sort(calibration.scores.begin(), calibration.scores.end());
  calibration.tail_scale =
      fit_tail_scale(calibration, scores_of(footage.clean, footage.patches, definition));
  calibration.threshold = score_of(calibration, kThresholdP);
  calibration.exit_threshold = score_of(calibration, kExitP);
  fit_map(calibration, footage.varied, footage.patches);
  return calibration;
}

void calibrated_map(const Calibration& calibration, std::span<const float> discrepancy,
                    std::span<float> map) {
  for (std::size_t i = 0; i < map.size(); ++i) {
    const float zero = calibration.map_zero[i];
    map[i] = std::max(0.0F, (discrepancy[i] - zero) / (calibration.map_one[i] - zero));
  }
}

}  // namespace novelty
