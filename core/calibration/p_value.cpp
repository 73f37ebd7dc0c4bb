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
// Let u be the (1 - kTailShare) quantile of the held-out scores. From u on,
//   p = kTailShare * exp(-(score - u) / tail_scale),
// below it p is linear between knots: (0, 1), the r distinct scores under u in ascending order, the
// i-th at 1 - (1 - kTailShare) * i / (r + 1), and (u, kTailShare). No score is under 0. So p is
// continuous and strictly decreasing, also far beyond all that was seen: nothing is clipped.
struct Knot {
  double score, p;
};

// A scene of equal pictures can score 0 throughout: keeps u apart from the first knot.
constexpr double kLeastStart = 1e-6;

std::vector<Knot> knots_of(const Calibration& calibration) {
  const double start = tail_start(calibration);
  std::vector<Knot> knots{{0, 1}};
  for (const float score : calibration.scores)
    if (score > knots.back().score && score < start) knots.push_back({score, 1});
  for (std::size_t i = 1; i < knots.size(); ++i)
    knots[i].p = 1 - (1 - kTailShare) * static_cast<double>(i) / static_cast<double>(knots.size());
  knots.push_back({start, kTailShare});
  return knots;
}

double between(double x, double x0, double x1, double y0, double y1) {
  return y0 + (x - x0) / (x1 - x0) * (y1 - y0);
}

}  // namespace

double tail_start(const Calibration& calibration) {
  return std::max(quantile_of(calibration.scores, 1 - kTailShare), kLeastStart);
}

double p_value_of(const Calibration& calibration, double score) {
  const auto knots = knots_of(calibration);
  const double excess = score - knots.back().score;
  if (excess >= 0)
    return std::max(kTailShare * std::exp(-excess / calibration.tail_scale),
                    std::numeric_limits<double>::min());
  if (score <= 0) return 1;
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
  const auto knots = knots_of(calibration);
  if (p_value <= kTailShare)
    return knots.back().score + calibration.tail_scale * std::log(kTailShare / p_value);
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
