// SPDX-License-Identifier: Apache-2.0
// SplitMix64 and the distributions drawn from it.
#include "base/rng.h"

#include <cmath>
#include <numbers>

namespace novelty {
namespace {

constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio, odd

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

// Hashed twice, so that neighbouring seeds and streams start far apart on the one cycle.
Rng::Rng(std::uint64_t seed, std::uint64_t stream)
    : state_(mix(mix(seed + kGamma) + mix(stream * kGamma + 1))) {}

std::uint64_t Rng::next() {
  return mix(state_ += kGamma);
}

double Rng::uniform() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

double Rng::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::uint64_t Rng::below(std::uint64_t n) {
  const std::uint64_t excess = (0 - n) % n;  // 2^64 mod n: draws under it would favour small values
  std::uint64_t draw = next();
  while (draw < excess) draw = next();
  return draw % n;
}

}  // namespace novelty
