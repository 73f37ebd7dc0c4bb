// SPDX-License-Identifier: Apache-2.0
// From scores to p-values and alarm rates, and back.
#include <algorithm>
#include <cmath>
#include <string>

#include "calibration/calibration.h"
#include "calibration/score_distribution.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// Note [Two tails]
// The footage's own events give the rate at a threshold: levels over peak_start have a Pareto tail,
// and come lambda times an hour, lambda ~ Gamma(n + 1/2, hours). Below peak_start the rate rises to
// that of an event a second with the p-value of the score. Footage of seconds has not seen what a
// day brings; varied views stand in for it. Each counts as a second of footage, and they fade out
// as real footage speaks for itself: with a weight w = exp(-length / kViewsFade),
//   rate = (1 - w) * rate of footage + w * 3600 * P(view over the score),
//   p    = (1 - w) * p of footage + w * max(p of footage, p of views).
// How wide the tail of levels may be is told by the views as well, as long as they count: w *
// kViewExcesses of theirs are taken among the levels' excesses. One level alone says nothing of it.
constexpr double kViewsFade = 120;  // seconds
constexpr double kViewExcesses = 20;
constexpr double kSecondsPerHour = 3600;
constexpr double kTailShare = 0.025;  // of the 95 % interval, to either side
constexpr double kFarthest = 1e300;

double views_weight_of(const Calibration& calibration) {
  return std::exp(-calibration.hours * kSecondsPerHour / kViewsFade);
}

// `count` excesses of the views' upper quarter over its start, evenly by rank.
void add_view_excesses(const std::vector<float>& views, std::size_t count,
                       std::vector<double>& excesses) {
  const std::size_t first = views.size() - (views.size() + 3) / 4;
  const float start = first > 0 ? views[first - 1] : views.front();
  for (std::size_t i = 0; i < count; ++i)
    excesses.push_back(views[first + (2 * i + 1) * (views.size() - first) / (2 * count)] - start);
}

ParetoTail tail_of(const Calibration& calibration) {
  std::vector<double> excesses;
  for (const float peak : calibration.peaks) excesses.push_back(peak - calibration.peak_start);
  const double among = kViewExcesses * views_weight_of(calibration);
  add_view_excesses(calibration.views, static_cast<std::size_t>(among), excesses);
  std::sort(excesses.begin(), excesses.end());
  return {excesses, static_cast<double>(excesses.size()), least_scale(calibration.peak_start)};
}

// The score at which `falling`, strictly decreasing over the reals, is `value`.
template <typename Falling>
double inverse(const Falling& falling, double value, double center, double step) {
  double low = center - step, high = center + step;
  while (falling(low) < value && low > -kFarthest) low -= center - low;
  while (falling(high) > value && high < kFarthest) high += high - center;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    (falling(middle) > value ? low : high) = middle;
  }
}

}  // namespace

struct DecisionScale::Parts {
  explicit Parts(const Calibration& calibration)
      : footage(calibration.scores, calibration.independent),
        views(calibration.views, static_cast<double>(calibration.views.size())),
        peaks(tail_of(calibration)),
        start(calibration.peak_start),
        step(std::max<double>(calibration.peaks.back() - start, least_scale(start))),
        start_rate((static_cast<double>(calibration.peaks.size()) + 0.5) / calibration.hours),
        most(std::max(kSecondsPerHour, 2 * start_rate)),
        start_p(footage.p_value(start)),
        views_weight(views_weight_of(calibration)) {}

  double p_value(double score) const {
    const double p = footage.p_value(score);
    return views_weight > 0 ? p + views_weight * std::max(0.0, views.p_value(score) - p) : p;
  }

  // Of the footage, with peaks.survival() or a quantile of it left out.
  double rate_below(double score) const {
    if (score >= start) return start_rate;
    const double part = (footage.p_value(score) - start_p) / std::max(1 - start_p, 1e-300);
    return start_rate * std::pow(most / start_rate, part);
  }

  double rate(double score) const {
    return (1 - views_weight) * rate_below(score) * peaks.survival(score - start) +
           views_weight * kSecondsPerHour * views.p_value(score);
  }

  double rate_quantile(double score, double share) const {
    return (1 - views_weight) * rate_below(score) * peaks.quantile(score - start, share) +
           views_weight * kSecondsPerHour * views.quantile(score, share);
  }

  ScoreDistribution footage, views;
  ParetoTail peaks;
  double start, step;
  double start_rate, most;  // an hour; most: as the score falls without end
  double start_p;
  double views_weight;
};

DecisionScale::DecisionScale(const Calibration& calibration)
    : parts_(std::make_shared<const Parts>(calibration)) {}

double DecisionScale::p_value(double score) const {
  return parts_->p_value(score);
}

double DecisionScale::score_of_p_value(double p_value) const {
  if (!(p_value > 0 && p_value < 1))
    throw Error(ErrorKind::kSettings, "p-value",
                std::to_string(p_value) + " is not between 0 and 1", "give a number such as 0.001");
  return inverse([&](double score) { return parts_->p_value(score); }, p_value, parts_->start,
                 parts_->step);
}

AlarmRate DecisionScale::alarms_per_hour(double score) const {
  const double expected = parts_->rate(score);
  return {expected, std::min(expected, parts_->rate_quantile(score, kTailShare)),
          std::max(expected, parts_->rate_quantile(score, 1 - kTailShare))};
}

double DecisionScale::score_of_rate(double per_hour) const {
  if (!(per_hour > 0 && per_hour < kSecondsPerHour))
    throw Error(ErrorKind::kSettings, "alarms per hour",
                std::to_string(per_hour) + " is not between 0 and 3600", "give a number such as 1");
  return inverse([&](double score) { return parts_->rate(score); }, per_hour, parts_->start,
                 parts_->step);
}

double hours_needed(double per_hour) {
  return 3 / per_hour;
}

}  // namespace novelty
