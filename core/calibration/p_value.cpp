// SPDX-License-Identifier: Apache-2.0
// From image scores to p-values and back.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "calibration/calibration.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// Note [The p-value]
// Held-out scores below their quantile u = 1 - kTailShare are knots (ties share one) at their
// conformal rank (scores above + half of the ties + 1/2) / (n + 1); between knots p is linear in
// the score. From u, where p = kTailShare, on it is a generalised Pareto tail
//   p = kTailShare * (1 + (s - u) / (m b))^-m,   b = tail_scale, m = tail_shape,
// or its limit kTailShare * exp(-(s - u) / b) for m = 0. Below the lowest knot the complement 1 - p
// falls off exponentially with the scale b. So p is continuous and strictly decreasing everywhere.
struct Knot {
  double score, p;
};

std::vector<Knot> knots_of(std::span<const float> sorted) {
  const double start = quantile_of(sorted, 1 - kTailShare);
  const auto count = static_cast<double>(sorted.size());
  std::vector<Knot> knots;
  for (auto first = sorted.begin(); first != sorted.end() && *first < start;) {
    const auto last = std::upper_bound(first, sorted.end(), *first);
    const auto above = static_cast<double>(sorted.end() - last);
    const auto ties = static_cast<double>(last - first);
    knots.push_back({*first, (above + ties / 2 + 0.5) / (count + 1)});
    first = last;
  }
  knots.push_back({start, kTailShare});
  return knots;
}

double tail_p_value(const Calibration& calibration, double excess) {
  const double relative = excess / calibration.tail_scale;
  const double shape = calibration.tail_shape;
  const double log_p = shape > 0 ? -shape * std::log1p(relative / shape) : -relative;
  return std::max(kTailShare * std::exp(log_p), std::numeric_limits<double>::min());
}

double tail_excess(const Calibration& calibration, double p_value) {
  const double rarity = std::log(kTailShare / p_value);
  const double shape = calibration.tail_shape;
  return calibration.tail_scale * (shape > 0 ? shape * std::expm1(rarity / shape) : rarity);
}

double between(double x, double x0, double x1, double y0, double y1) {
  return y0 + (x - x0) / (x1 - x0) * (y1 - y0);
}

}  // namespace

double p_value_of(const Calibration& calibration, double score) {
  const auto knots = knots_of(calibration.scores);
  if (score >= knots.back().score) return tail_p_value(calibration, score - knots.back().score);
  const Knot& low = knots.front();
  if (score <= low.score)
    return 1 - (1 - low.p) * std::exp((score - low.score) / calibration.tail_scale);
  const auto upper =
      std::upper_bound(knots.begin(), knots.end(), score,
                       [](double value, const Knot& knot) { return value < knot.score; });
  const auto lower = upper - 1;
  return between(score, lower->score, upper->score, lower->p, upper->p);
}

double score_of(const Calibration& calibration, double p_value) {
  if (!(p_value > 0 && p_value < 1))
    throw Error(ErrorKind::kSettings, "p-value",
                std::to_string(p_value) + " is not between 0 and 1", "give a number such as 0.001");
  const auto knots = knots_of(calibration.scores);
  if (p_value <= kTailShare) return knots.back().score + tail_excess(calibration, p_value);
  const Knot& low = knots.front();
  if (p_value >= low.p)
    return low.score + calibration.tail_scale * std::log((1 - p_value) / (1 - low.p));
  const auto upper = std::lower_bound(knots.begin(), knots.end(), p_value,
                                      [](const Knot& knot, double p) { return knot.p > p; });
  const auto lower = upper - 1;
  return between(p_value, lower->p, upper->p, lower->score, upper->score);
}

double quantile_of(std::span<const float> sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto lower = static_cast<std::size_t>(at);
  const std::size_t upper = std::min(lower + 1, sorted.size() - 1);
  const double low = sorted[lower];
  return low + (at - static_cast<double>(lower)) * (sorted[upper] - low);
}

}  // namespace novelty
