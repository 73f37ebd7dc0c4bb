// SPDX-License-Identifier: Apache-2.0
// Draws and applies the variations of training pictures.
#include "trainer/variation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace novelty {
namespace {

// Spreads of what exposure control, white balance, vibration and sensor noise do to a
// fixed camera within a day. Halves of the ranges, natural logarithms where a factor is drawn.
constexpr double kLogGain = 0.25;
constexpr double kLogGamma = 0.15;
constexpr double kLogBalance = 0.05;
constexpr double kOffset = 10.0 / 255;
constexpr double kShiftPixels = 1;
constexpr double kMostNoise = 4.0 / 255;

double within(Rng& rng, double half) {
  return (2 * rng.uniform() - 1) * half;
}

// Where pixel (channel, y, x) of the picture lies in the patch layout.
struct PatchLayout {
  std::size_t size, patch;

  std::size_t at(std::size_t channel, std::size_t y, std::size_t x) const {
    const std::size_t index = y / patch * (size / patch) + x / patch;
    return ((index * 3 + channel) * patch + y % patch) * patch + x % patch;
  }
};

// The two source positions and the second one's weight for every position of a shifted axis.
struct Tap {
  std::size_t first, second;
  float weight;
};

std::vector<Tap> taps_of(std::size_t size, double shift) {
  std::vector<Tap> taps(size);
  const auto last = static_cast<double>(size - 1);
  for (std::size_t i = 0; i < size; ++i) {
    const double from = std::clamp(static_cast<double>(i) + shift, 0.0, last);
    const auto first = static_cast<std::size_t>(from);
    taps[i] = {first, std::min(first + 1, size - 1), static_cast<float>(from - std::floor(from))};
  }
  return taps;
}

// Four 16-bit uniforms of one draw: near normal (Irwin-Hall), standard deviation 1, one draw a
// value.
float cheap_normal(Rng& rng) {
  const std::uint64_t bits = rng.next();
  const auto sum = static_cast<double>((bits & 0xffffU) + ((bits >> 16U) & 0xffffU) +
                                       ((bits >> 32U) & 0xffffU) + (bits >> 48U));
  return static_cast<float>((sum / 65535 - 2) * std::sqrt(3.0));
}

}  // namespace

Variation draw_variation(Rng& rng) {
  Variation drawn;
  const double exposure = within(rng, kLogGain);
  drawn.offset = within(rng, kOffset);
  drawn.gamma = std::exp(within(rng, kLogGamma));
  for (double& gain : drawn.gain) gain = std::exp(exposure + within(rng, kLogBalance));
  drawn.shift_x = within(rng, kShiftPixels);
  drawn.shift_y = within(rng, kShiftPixels);
  drawn.noise = rng.uniform() * kMostNoise;
  return drawn;
}

void vary(const Variation& variation, int size, int patch, Rng& rng, std::span<float> patches) {
  const PatchLayout layout{static_cast<std::size_t>(size), static_cast<std::size_t>(patch)};
  const std::vector<float> source(patches.begin(), patches.end());
  const auto columns = taps_of(layout.size, variation.shift_x);
  const auto rows = taps_of(layout.size, variation.shift_y);
  const auto offset = static_cast<float>(variation.offset);
  const auto gamma = static_cast<float>(variation.gamma);
  const auto noise = static_cast<float>(variation.noise);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto gain = static_cast<float>(variation.gain[c]);
    for (std::size_t y = 0; y < layout.size; ++y)
      for (std::size_t x = 0; x < layout.size; ++x) {
        const auto mix = [&](std::size_t row) {
          const float a = source[layout.at(c, row, columns[x].first)];
          return a + columns[x].weight * (source[layout.at(c, row, columns[x].second)] - a);
        };
        const float top = mix(rows[y].first);
        const float moved = top + rows[y].weight * (mix(rows[y].second) - top);
        const float lit = std::pow(std::max(moved, 0.0F), gamma) * gain + offset;
        const float seen = std::clamp(lit + noise * cheap_normal(rng), 0.0F, 1.0F);
        patches[layout.at(c, y, x)] = std::round(seen * 255) / 255;
      }
  }
}

}  // namespace novelty
