// SPDX-License-Identifier: Apache-2.0
// Fits the statistics of normal footage and turns scores into p-values and back.
#include "calibration/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "novelty/error.h"

namespace novelty {
namespace {

// Note [The p-value]
// The sorted held-out scores are knots (ties share one). A knot's p-value is its conformal rank
// (scores above it + half of the ties + 1/2) / (n + 1); between knots p is linear in the score.
// Above the highest knot the tail is exponential with scale `tail_scale`, below the lowest one the
// complement 1 - p falls off with the same scale. So p is continuous and strictly decreasing, and
// 1/(n + 1) at the highest score: normal footage claims no rarer p-value without the tail's help.
struct Knot {
  double score, p;
};

std::vector<Knot> knots_of(const std::vector<float>& sorted) {
  std::vector<Knot> knots;
  const auto count = static_cast<double>(sorted.size());
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto last = std::upper_bound(first, sorted.end(), *first);
    const double above = static_cast<double>(sorted.end() - last);
    const double ties = static_cast<double>(last - first);
    knots.push_back({*first, (above + ties / 2 + 0.5) / (count + 1)});
    first = last;
  }
  return knots;
}

double between(double x, double x0, double x1, double y0, double y1) {
  return y0 + (x - x0) / (x1 - x0) * (y1 - y0);
}

}  // namespace

double p_value_of(const Calibration& calibration, double score) {
  const auto knots = knots_of(calibration.scores);
  const double scale = calibration.tail_scale;
  if (score >= knots.back().score)
    return std::max(knots.back().p * std::exp((knots.back().score - score) / scale),
                    std::numeric_limits<double>::min());
  const Knot& low = knots.front();
  if (score <= low.score) return 1 - (1 - low.p) * std::exp((score - low.score) / scale);
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
  const double scale = calibration.tail_scale;
  if (p_value <= knots.back().p)
    return knots.back().score - scale * std::log(p_value / knots.back().p);
  const Knot& low = knots.front();
  if (p_value >= low.p) return low.score + scale * std::log((1 - p_value) / (1 - low.p));
  const auto upper = std::lower_bound(knots.begin(), knots.end(), p_value,
                                      [](const Knot& knot, double p) { return knot.p > p; });
  const auto lower = upper - 1;
  return between(p_value, lower->p, upper->p, lower->score, upper->score);
}

void calibrated_map(const Calibration& calibration, std::span<const float> discrepancy,
                    std::span<float> map) {
  for (std::size_t i = 0; i < map.size(); ++i) {
    const float zero = calibration.map_zero[i];
    map[i] = std::max(0.0F, (discrepancy[i] - zero) / (calibration.map_one[i] - zero));
  }
}

}  // namespace novelty
