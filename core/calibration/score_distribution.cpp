// SPDX-License-Identifier: Apache-2.0
// p-values from a sample of scores.
#include "calibration/score_distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace novelty {
namespace {

// Note [Body and tail]
// Of n scores, k are at or over s: the next one is so with probability k / (n + 1), whatever their
// distribution (for a new score from the same one; Vovk 2005). Between distinct scores p is linear,
// so it has no jumps. Beyond the tail's start it follows the tail. Below the lowest score it
// approaches 1 like a hyperbola, so that it falls strictly there too.
constexpr double kTailCount = 30;  // independent scores that the tail should be learnt from
constexpr double kLeastTail = 0.005, kMostTail = 0.25;  // share of the scores in the tail
constexpr double kLeastSpread = 1e-4, kLeastWidth = 1e-6;

// How many of the scores to take for the tail. They are those over the score before them.
std::size_t tail_count(std::size_t count, double independent) {
  const double share = std::clamp(kTailCount / independent, kLeastTail, kMostTail);
  return static_cast<std::size_t>(share * static_cast<double>(count));
}

double tail_start(std::span<const float> sorted, double independent) {
  return sorted[sorted.size() - 1 - tail_count(sorted.size(), independent)];
}

ParetoTail tail_of(std::span<const float> sorted, double independent) {
  const double start = tail_start(sorted, independent);
  std::vector<double> excesses;
  for (const float score : sorted)
    if (score > start) excesses.push_back(score - start);
  const double share = static_cast<double>(excesses.size()) / static_cast<double>(sorted.size());
  return {excesses, share * independent, least_scale(start)};
}

}  // namespace

double least_scale(double start) {
  return std::max(kLeastSpread * std::abs(start), kLeastWidth);
}

ScoreDistribution::ScoreDistribution(std::span<const float> sorted, double independent)
    : tail_(tail_of(sorted, independent)) {
  const double start = tail_start(sorted, independent);
  const std::size_t count = sorted.size();
  for (std::size_t i = 0; i < count && sorted[i] <= start; ++i)
    if (i == 0 || sorted[i] > sorted[i - 1])
      knots_.push_back(
          {sorted[i], static_cast<double>(count - i) / static_cast<double>(count + 1)});
}

double ScoreDistribution::p_value(double score) const {
  const Knot& first = knots_.front();
  const Knot& last = knots_.back();
  if (score >= last.score)
    return std::max(last.p * tail_.survival(score - last.score),
                    std::numeric_limits<double>::min());
  if (score < first.score) {
    const double width = std::max(last.score - first.score, least_scale(first.score));
    return 1 - (1 - first.p) / (1 + (first.score - score) / width);
  }
  const auto upper =
      std::upper_bound(knots_.begin(), knots_.end(), score,
                       [](double value, const Knot& knot) { return value < knot.score; });
  const auto lower = upper - 1;
  const double part = (score - lower->score) / (upper->score - lower->score);
  return lower->p + part * (upper->p - lower->p);
}

double ScoreDistribution::quantile(double score, double share) const {
  const Knot& start = knots_.back();
  const double at_start = score < start.score ? p_value(score) : start.p;
  return std::min(1.0, at_start * tail_.quantile(score - start.score, share));
}

}  // namespace novelty
