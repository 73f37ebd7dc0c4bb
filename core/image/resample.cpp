// SPDX-License-Identifier: Apache-2.0
// Separable resampling: the filter of one axis.
#include "image/resample.h"

#include <algorithm>
#include <cmath>

namespace novelty {
namespace {

double triangle(double x) {
  return std::max(0.0, 1.0 - std::abs(x));
}

// Keys' cubic convolution kernel, a = -0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a;
  return 0.0;
}

struct Taps {
  int first = 0;
  std::vector<double> weights;
};

void normalise(std::vector<double>& weights) {
  double sum = 0;
  for (const double w : weights) sum += w;
  for (double& w : weights) w /= sum;
}

void drop_outer_zeros(Taps& taps) {
  while (taps.weights.size() > 1 && taps.weights.back() == 0.0) taps.weights.pop_back();
  const auto nonzero =
      std::find_if(taps.weights.begin(), taps.weights.end() - 1, [](double w) { return w != 0.0; });
  taps.first += static_cast<int>(nonzero - taps.weights.begin());
  taps.weights.erase(taps.weights.begin(), nonzero);
}

Taps taps_of(const AxisGeometry& g, int o) {
  const double step = g.in_extent / g.out;
  const double centre = (o + 0.5) * step + g.shift;
  const bool down = step >= 1.0;
  const double support = down ? step : 2.0;
  const int first = std::max(0, static_cast<int>(std::floor(centre - support)));
  const int last = std::min(g.in - 1, static_cast<int>(std::ceil(centre + support)));
  Taps taps{first, {}};
  for (int i = first; i <= last; ++i) {
    const double distance = i + 0.5 - centre;
    taps.weights.push_back(down ? triangle(distance / step) : cubic(distance));
  }
  normalise(taps.weights);
  drop_outer_zeros(taps);
  return taps;
}

}  // namespace

void AxisFilter::prepare(const AxisGeometry& geometry) {
  if (geometry == geometry_) return;
  geometry_ = {};  // tables and geometry belong together also if memory runs out below
  std::vector<Taps> all;
  std::size_t most = 1;
  for (int o = 0; o < geometry.out; ++o) {
    all.push_back(taps_of(geometry, o));
    most = std::max(most, all.back().weights.size());
  }
  most_taps_ = static_cast<int>(most);
  first_.clear();
  taps_.clear();
  weights_.assign(all.size() * most_taps_, 0.0F);
  for (std::size_t o = 0; o < all.size(); ++o) {
    first_.push_back(all[o].first);
    taps_.push_back(static_cast<int>(all[o].weights.size()));
    std::transform(all[o].weights.begin(), all[o].weights.end(), &weights_[o * most_taps_],
                   [](double w) { return static_cast<float>(w); });
  }
  geometry_ = geometry;
}

}  // namespace novelty
