// SPDX-License-Identifier: Apache-2.0
// The figures of an evaluation.
#include "metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace novelty {
namespace {

constexpr int kBisections = 64;  // more than a double's digits

/// P(X <= count) of a Poisson variable. mean: > 0.
double poisson_cdf(std::size_t count, double mean) {
  double log_term = -mean;
  double sum = std::exp(log_term);
  for (std::size_t i = 1; i <= count; ++i) {
    log_term += std::log(mean / static_cast<double>(i));
    sum += std::exp(log_term);
  }
  return std::min(sum, 1.0);
}

/// The mean at which P(X <= count) is `probability`: it falls as the mean grows.
double mean_for(std::size_t count, double probability) {
  double low = 0;
  double high = static_cast<double>(count) + 1;
  while (poisson_cdf(count, high) > probability) high *= 2;
  for (int step = 0; step < kBisections; ++step) {
    const double middle = (low + high) / 2;
    (poisson_cdf(count, middle) > probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// What a threshold flags: frames at and over one of the scores.
struct Flagged {
  double novel = 0, normal = 0;  // frames
};

/// Of each distinct score, from the highest down; the last has all frames.
std::vector<Flagged> flagged(std::span<const double> scores, std::span<const std::uint8_t> novel) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<Flagged> steps;
  Flagged now;
  for (std::size_t i = 0; i < order.size(); ++i) {
    (novel[order[i]] != 0 ? now.novel : now.normal) += 1;
    if (i + 1 == order.size() || scores[order[i + 1]] != scores[order[i]]) steps.push_back(now);
  }
  return steps;
}

bool has_both(const std::vector<Flagged>& steps) {
  return !steps.empty() && steps.back().novel > 0 && steps.back().normal > 0;
}

}  // namespace

std::optional<double> average_precision(std::span<const double> scores,
                                        std::span<const std::uint8_t> novel) {
  const auto steps = flagged(scores, novel);
  if (!has_both(steps)) return std::nullopt;
  double sum = 0, found = 0;
  for (const Flagged& step : steps) {
    sum += (step.novel - found) * step.novel / (step.novel + step.normal);
    found = step.novel;
  }
  return sum / steps.back().novel;
}

std::optional<double> false_positive_rate(std::span<const double> scores,
                                          std::span<const std::uint8_t> novel, double recall) {
  const auto steps = flagged(scores, novel);
  if (!has_both(steps)) return std::nullopt;
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const Flagged& step) {
    return step.novel >= recall * steps.back().novel;
  });
  return found->normal / steps.back().normal;
}

std::optional<std::vector<double>> roc_curve(std::span<const double> scores,
                                             std::span<const std::uint8_t> novel,
                                             std::size_t steps) {
  const auto flags = flagged(scores, novel);
  if (!has_both(flags)) return std::nullopt;
  std::vector<double> curve(steps + 1, 0);
  auto next = flags.begin();
  double found = 0;
  for (std::size_t i = 0; i <= steps; ++i) {
    // in whole frames, where no rounding is
    const auto fits = [&](const Flagged& flag) {
      return flag.normal * static_cast<double>(steps) <=
             flags.back().normal * static_cast<double>(i);
    };
    for (; next != flags.end() && fits(*next); ++next) found = next->novel;
    curve[i] = found / flags.back().novel;
  }
  return curve;
}

std::optional<double> auroc(std::span<const double> scores, std::span<const std::uint8_t> novel) {
  const auto steps = flagged(scores, novel);
  if (!has_both(steps)) return std::nullopt;
  double pairs_won = 0;  // novel frames over normal ones
  Flagged before;
  for (const Flagged& step : steps) {
    pairs_won +=
        (step.novel - before.novel) * (steps.back().normal - (step.normal + before.normal) / 2);
    before = step;
  }
  return pairs_won / (steps.back().normal * steps.back().novel);
}

std::optional<PixelFigures> pixel_figures(std::span<const float> scores,
                                          std::span<const std::uint32_t> region) {
  constexpr double kMostFalse = 0.3;
  std::vector<double> sizes;  // of the regions
  for (const std::uint32_t of : region) {
    if (of == 0) continue;
    if (of > sizes.size()) sizes.resize(of);
    sizes[of - 1] += 1;
  }
  const auto regions = static_cast<double>(
      std::count_if(sizes.begin(), sizes.end(), [](double size) { return size > 0; }));
  const double novel = std::accumulate(sizes.begin(), sizes.end(), 0.0);
  const double normal = static_cast<double>(region.size()) - novel;
  if (novel == 0 || normal == 0) return std::nullopt;
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
  PixelFigures figures;
  double found = 0, overlap = 0,
         flagged = 0;  // shares: of novel pixels, of regions, of normal ones
  for (std::size_t i = 0; i < order.size();) {
    const double found_before = found, overlap_before = overlap, flagged_before = flagged;
    const float score = scores[order[i]];
    for (; i < order.size() && scores[order[i]] == score; ++i) {
      const std::uint32_t of = region[order[i]];
      found += of == 0 ? 0 : 1 / novel;
      overlap += of == 0 ? 0 : 1 / (regions * sizes[of - 1]);
      flagged += of == 0 ? 1 / normal : 0;
    }
    figures.auroc += (flagged - flagged_before) * (found + found_before) / 2;
    const double step = std::min(flagged, kMostFalse) - flagged_before;
    if (step <= 0) continue;
    const double end =
        overlap_before + (overlap - overlap_before) * step / (flagged - flagged_before);
    figures.aupro += step * (overlap_before + end) / 2 / kMostFalse;
  }
  return figures;
}

CountInterval poisson_interval(std::size_t count, double confidence) {
  const double outside = (1 - confidence) / 2;
  return {count == 0 ? 0 : mean_for(count - 1, 1 - outside), mean_for(count, outside)};
}

std::vector<double> smooth_centred(std::span<const double> values, std::size_t radius) {
  std::vector<double> sums{0};  // sums[i]: of the first i values
  for (const double value : values) sums.push_back(sums.back() + value);
  std::vector<double> smoothed;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t first = i - std::min(i, radius);
    const std::size_t end = std::min(values.size(), i + radius + 1);
    smoothed.push_back((sums[end] - sums[first]) / static_cast<double>(end - first));
  }
  return smoothed;
}

std::vector<double> min_max_normalised(std::span<const double> values) {
  std::vector<double> scaled(values.size(), 0);
  if (values.empty()) return scaled;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size() && *high > *low; ++i)
    scaled[i] = (values[i] - *low) / (*high - *low);
  return scaled;
}

}  // namespace novelty
