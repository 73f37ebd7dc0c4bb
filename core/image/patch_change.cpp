// SPDX-License-Identifier: Apache-2.0
// Whether two prepared pictures are the same.
#include "image/patch_change.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace novelty {
namespace {

double mean_difference(std::span<const float> a, std::span<const float> b) {
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> sums{};  // independent, for the vector unit
  std::size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes)
    for (std::size_t k = 0; k < kLanes; ++k) sums[k] += std::abs(a[i + k] - b[i + k]);
  double sum = 0;
  for (; i < a.size(); ++i) sum += double{std::abs(a[i] - b[i])};
  for (const float lane : sums) sum += double{lane};
  return sum / static_cast<double>(a.size());
}

}  // namespace

bool patches_alike(std::span<const float> a, std::span<const float> b, std::size_t patch_values,
                   double most) {
  if (a.size() != b.size()) return false;
  if (most <= 0) return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
  for (std::size_t first = 0; first < a.size(); first += patch_values) {
    const std::size_t count = std::min(patch_values, a.size() - first);
    if (!(mean_difference(a.subspan(first, count), b.subspan(first, count)) <= most)) return false;
  }
  return true;
}

}  // namespace novelty
