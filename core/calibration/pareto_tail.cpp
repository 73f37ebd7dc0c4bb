// SPDX-License-Identifier: Apache-2.0
// The posterior of a generalised Pareto tail on a grid.
#include "calibration/pareto_tail.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace novelty {
namespace {

// Note [The tail]
// Excesses over a high start follow a generalised Pareto distribution (Pickands 1975):
//   P(excess > e) = (1 + shape e / scale)^(-1 / shape), exp(-e / scale) at shape 0.
// Prior: 1 / scale, and shape normal around 0, the exponential tail, with deviation 0.15; beyond
// three deviations none. The posterior is held on a grid of (scale, shape). Its mean at e, the
// predictive probability, is what a new excess is judged by: few excesses leave the parameters
// open, and the mean of open tails is a fat one (one excess x: about x / (x + e)). The excesses
// count as `worth` independent ones: their log-likelihood is scaled by worth / count.
constexpr double kShapeDeviation = 0.15;
constexpr int kShapeSteps = 8;  // to either side of 0
constexpr double kShapeStep = 3 * kShapeDeviation / kShapeSteps;
constexpr int kScales = 40;
// The grid of log scale reaches this many standard errors (1 / sqrt(worth)) to either side of the
// mean excess, and kSlack for the shape's part in the mean; no further than the limits: a single
// excess does not make a tail thirty times as wide.
constexpr double kErrors = 5, kSlack = 0.4, kLeastLog = -2.5, kMostLog = 3;
constexpr std::size_t kMostExcesses = 64;  // more are thinned out evenly by rank
constexpr double kNegligible = 1e-6;       // weight of a cell that is left out
// Cells of the largest shape have no end and are kept, so that the survival is over 0 everywhere.
constexpr double kLeastWeight = 1e-200;

// The table: up to 1e6 mean excesses, beyond which the tail is continued as the power it then is.
constexpr double kStep = 0.06;
constexpr std::size_t kSteps = 231;

// log P(excess > ratio * scale), -inf beyond the end of a bounded tail.
double log_survival_of(double ratio, double shape) {
  if (shape == 0) return -ratio;
  const double base = shape * ratio;
  if (base <= -1) return -std::numeric_limits<double>::infinity();
  return -std::log1p(base) / shape;
}

// Mean over the excesses of the log density, but for a constant.
double log_density(std::span<const double> excesses, double scale, double shape) {
  if (1 + shape * excesses.back() / scale <= 0) return -std::numeric_limits<double>::infinity();
  double sum = 0;
  for (const double excess : excesses) sum += log_survival_of(excess / scale, shape);
  return (1 + shape) * sum / static_cast<double>(excesses.size()) - std::log(scale);
}

std::vector<double> thinned(std::span<const double> sorted) {
  const std::size_t count = std::min(sorted.size(), kMostExcesses);
  std::vector<double> result(count);
  for (std::size_t i = 0; i < count; ++i)
    result[i] = sorted[(2 * i + 1) * sorted.size() / (2 * count)];
  return result;
}

// P(G <= ratio) for G of mean 1, Gamma(count + 1/2): Wilson and Hilferty (1931). count: the events
// that the rate was estimated from, with Jeffreys' prior.
double rate_cdf(double ratio, double count) {
  const double spread = 1 / (9 * (count + 0.5));
  const double normal = (std::cbrt(ratio) - 1 + spread) / std::sqrt(spread);
  return std::erfc(-normal / std::sqrt(2.0)) / 2;
}

}  // namespace

ParetoTail::ParetoTail(std::span<const double> excesses, double worth, double least_scale)
    : worth_(worth), unit_(least_scale) {
  auto seen = thinned(excesses);
  if (!seen.empty())
    unit_ = std::accumulate(seen.begin(), seen.end(), 0.0) / static_cast<double>(seen.size());
  if (!(unit_ > least_scale)) {
    unit_ = least_scale;
    seen = {least_scale};
  }
  weigh(seen);
  tabulate();
}

void ParetoTail::weigh(std::span<const double> excesses) {
  const double count = std::max(1.0, worth_);
  const double reach = kErrors / std::sqrt(count);
  const double low = std::max(kLeastLog, -reach) - kSlack,
               high = std::min(kMostLog, reach) + kSlack;
  double best = -std::numeric_limits<double>::infinity();
  for (int i = 0; i < kScales; ++i)
    for (int k = -kShapeSteps; k <= kShapeSteps; ++k) {
      const double scale = unit_ * std::exp(low + (high - low) * i / (kScales - 1));
      const double shape = k * kShapeStep, deviations = shape / kShapeDeviation;
      const double log_weight =
          count * log_density(excesses, scale, shape) - deviations * deviations / 2;
      if (std::isfinite(log_weight)) cells_.push_back({log_weight, scale, shape});
      best = std::max(best, log_weight);
    }
  double sum = 0;
  for (Cell& cell : cells_)
    sum += cell.weight = std::max(kLeastWeight, std::exp(cell.weight - best));
  for (Cell& cell : cells_) cell.weight /= sum;
  std::erase_if(cells_, [](const Cell& cell) {
    return cell.weight < kNegligible && cell.shape < kShapeSteps * kShapeStep;
  });
}

void ParetoTail::tabulate() {
  log_survival_.assign(kSteps, 0.0);
  for (std::size_t i = 1; i < kSteps; ++i) {
    const double excess = unit_ * std::expm1(static_cast<double>(i) * kStep);
    double sum = 0;
    for (const Cell& cell : cells_)
      sum += cell.weight * std::exp(log_survival_of(excess / cell.scale, cell.shape));
    log_survival_[i] = std::log(sum);
  }
}

double ParetoTail::survival(double excess) const {
  if (excess <= 0) return 1;
  const double at = std::log1p(excess / unit_) / kStep;
  const auto lower = static_cast<std::size_t>(std::min(at, static_cast<double>(kSteps - 2)));
  const double low = log_survival_[lower];
  return std::exp(low + (at - static_cast<double>(lower)) * (log_survival_[lower + 1] - low));
}

double ParetoTail::quantile(double excess, double share) const {
  std::vector<std::pair<double, double>> survivals;  // with the weight
  for (const Cell& cell : cells_)
    survivals.emplace_back(
        std::exp(log_survival_of(std::max(excess, 0.0) / cell.scale, cell.shape)), cell.weight);
  const auto share_under = [&](double value) {
    double sum = 0;
    for (const auto& [survival, weight] : survivals)
      sum += weight * (survival > 0 ? rate_cdf(value / survival, worth_) : 1);
    return sum;
  };
  double low = -300, high = 10;  // of the quantile's logarithm
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (share_under(std::exp(middle)) < share ? low : high) = middle;
  }
  return std::exp(high);
}

}  // namespace novelty
