// SPDX-License-Identifier: Apache-2.0
// Background subtraction as other programs do it, to compare with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace novelty {

/// A picture of the scene as it usually is, and how far others are from it. Not thread-safe.
class Background {
 public:
  virtual ~Background() = default;

  /// How much of `rgb` ([size, size, 3]) is not background, in [0, 1]; 0 before the first `learn`.
  virtual double score(std::span<const std::uint8_t> rgb) = 0;

  /// Takes `rgb` into the background.
  virtual void learn(std::span<const std::uint8_t> rgb) = 0;
};

/// OpenCV's MOG2 with its default options, its automatic learning rate included: the share of
/// foreground pixels, shadows not counted.
std::unique_ptr<Background> make_mog2(int size);

/// The mean absolute difference in grey from the median of the pictures learnt, at most 64 of them,
/// taken evenly from the `expected` ones.
std::unique_ptr<Background> make_median_difference(int size, std::size_t expected);

}  // namespace novelty
