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
constexpr double kLogGain = 0.4;
constexpr double kLogGamma = 0.2;
constexpr double kLogBalance = 0.08;
constexpr double kLogShade = 0.2;
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

// A picture in planes: [3][size][size].
class Planes {
 public:
  Planes(const PatchLayout& layout, std::span<const float> patches)
      : size_(layout.size), values_(3 * size_ * size_) {
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t y = 0; y < size_; ++y)
        for (std::size_t x = 0; x < size_; ++x) at(c, y, x) = patches[layout.at(c, y, x)];
  }

  float& at(std::size_t c, std::size_t y, std::size_t x) {
    return values_[(c * size_ + y) * size_ + x];
  }

  void shift(double by_x, double by_y) {
    const auto columns = taps_of(size_, by_x);
    const auto rows = taps_of(size_, by_y);
    each_row([&](float* row) {
      const std::vector<float> old(row, row + size_);
      for (std::size_t x = 0; x < size_; ++x)
        row[x] = mix(old[columns[x].first], old[columns[x].second], columns[x].weight);
    });
    const std::vector<float> old = values_;
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t y = 0; y < size_; ++y)
        for (std::size_t x = 0; x < size_; ++x)
          at(c, y, x) = mix(old[(c * size_ + rows[y].first) * size_ + x],
                            old[(c * size_ + rows[y].second) * size_ + x], rows[y].weight);
  }

  // Towards the binomial mean 1 2 1 in both directions.
  void blur(double weight) {
    const auto side = static_cast<float>(weight / 4);
    each_row([&](float* row) {
      float before = row[0];
      for (std::size_t x = 0; x < size_; ++x) {
        const float now = row[x];
        row[x] += side * (before + row[std::min(x + 1, size_ - 1)] - 2 * now);
        before = now;
      }
    });
    std::vector<float> before(size_);
    for (std::size_t c = 0; c < 3; ++c) {
      std::copy_n(&at(c, 0, 0), size_, before.begin());
      for (std::size_t y = 0; y < size_; ++y)
        for (std::size_t x = 0; x < size_; ++x) {
          const float now = at(c, y, x);
          at(c, y, x) += side * (before[x] + at(c, std::min(y + 1, size_ - 1), x) - 2 * now);
          before[x] = now;
        }
    }
  }

 private:
  static float mix(float a, float b, float weight) { return a + weight * (b - a); }

  template <typename Action>
  void each_row(Action action) {
    for (std::size_t row = 0; row < 3 * size_; ++row) action(&values_[row * size_]);
  }

  std::size_t size_;
  std::vector<float> values_;
};

// The shade of each of `size` columns at row `y`, bilinear between 3x3 points.
void shade_row(const std::array<double, 9>& shade, std::size_t size, std::size_t y,
               std::vector<float>& row) {
  const auto place = [&](std::size_t at) {
    return 2 * static_cast<double>(at) / static_cast<double>(std::max<std::size_t>(size, 2) - 1);
  };
  const std::size_t top = std::min<std::size_t>(1, static_cast<std::size_t>(place(y)));
  const double down = place(y) - static_cast<double>(top);
  for (std::size_t x = 0; x < size; ++x) {
    const std::size_t left = std::min<std::size_t>(1, static_cast<std::size_t>(place(x)));
    const double right = place(x) - static_cast<double>(left);
    const auto at = [&](std::size_t r) {
      return shade[3 * r + left] + right * (shade[3 * r + left + 1] - shade[3 * r + left]);
    };
    row[x] = static_cast<float>(at(top) + down * (at(top + 1) - at(top)));
  }
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
  drawn.blur = rng.uniform();
  for (double& shade : drawn.shade) shade = std::exp(within(rng, kLogShade));
  return drawn;
}

void vary(const Variation& variation, int size, int patch, Rng& rng, std::span<float> patches) {
  const PatchLayout layout{static_cast<std::size_t>(size), static_cast<std::size_t>(patch)};
  Planes planes(layout, patches);
  planes.shift(variation.shift_x, variation.shift_y);
  planes.blur(variation.blur);
  const auto offset = static_cast<float>(variation.offset);
  const auto gamma = static_cast<float>(variation.gamma);
  const auto noise = static_cast<float>(variation.noise);
  std::vector<float> shade(layout.size);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto gain = static_cast<float>(variation.gain[c]);
    for (std::size_t y = 0; y < layout.size; ++y) {
      shade_row(variation.shade, layout.size, y, shade);
      for (std::size_t x = 0; x < layout.size; ++x) {
        const float lit =
            std::pow(std::max(planes.at(c, y, x), 0.0F), gamma) * gain * shade[x] + offset;
        const float seen = std::clamp(lit + noise * cheap_normal(rng), 0.0F, 1.0F);
        patches[layout.at(c, y, x)] = std::round(seen * 255) / 255;
      }
    }
  }
}

}  // namespace novelty
