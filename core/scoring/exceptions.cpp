// SPDX-License-Identifier: Apache-2.0
// Whitens exceptions and finds the nearest one.
#include "scoring/exceptions.h"

#include <algorithm>
#include <array>
#include <limits>

namespace novelty {
namespace {

// Eight independent sums: the compiler vectorises them without reordering one long sum.
float squared_distance(const float* a, const float* b, std::size_t width) {
  std::array<float, 8> sums{};
  std::size_t i = 0;
  for (; i + 8 <= width; i += 8)
    for (std::size_t k = 0; k < 8; ++k) sums[k] += (a[i + k] - b[i + k]) * (a[i + k] - b[i + k]);
  float sum = 0;
  for (; i < width; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  for (const float part : sums) sum += part;
  return sum;
}

}  // namespace

ExceptionIndex::ExceptionIndex(const Density& density, int side)
    : density_(density), side_(side), whitened_(density.patches()) {
  const std::size_t width = density.width;
  for (std::size_t i = 0; i < density.exception_patches.size(); ++i)
    add(density.exception_patches[i], std::span(density.exceptions).subspan(i * width, width));
}

float ExceptionIndex::distance(std::span<const float> token, int patch) const {
  float nearest = std::numeric_limits<float>::infinity();
  if (size_ == 0) return nearest;
  const std::size_t width = density_.width;
  std::vector<float> own(width);
  whiten(density_, token, own);
  const int x = patch % side_;
  const int y = patch / side_;
  for (int ny = std::max(0, y - 1); ny <= std::min(side_ - 1, y + 1); ++ny)
    for (int nx = std::max(0, x - 1); nx <= std::min(side_ - 1, x + 1); ++nx) {
      const auto& known = whitened_[static_cast<std::size_t>(ny * side_ + nx)];
      for (std::size_t at = 0; at < known.size(); at += width)
        nearest = std::min(nearest, squared_distance(&known[at], own.data(), width));
    }
  return nearest / static_cast<float>(width);
}

void ExceptionIndex::add(int patch, std::span<const float> token) {
  auto& known = whitened_[static_cast<std::size_t>(patch)];
  known.resize(known.size() + density_.width);
  whiten(density_, token, std::span(known).last(density_.width));
  ++size_;
}

}  // namespace novelty
