// SPDX-License-Identifier: Apache-2.0
// Finds what int8 is scaled by, and how far each precision moves a finished model's scores.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "bundle/bundle.h"

namespace novelty {

/// An even choice of pictures, kept as they pass by.
class PictureSample {
 public:
  static constexpr std::size_t kMost = 64;

  /// count: how many pictures there will be.
  explicit PictureSample(std::size_t count = 0) : count_(count) {}

  /// place: of the picture, ascending. patches: [patches, patch values] in [0, 1].
  void offer(std::size_t place, std::span<const float> patches);

  const std::vector<std::vector<float>>& pictures() const { return pictures_; }

 private:
  std::size_t count_;
  std::vector<std::vector<float>> pictures_;
};

/// Owns what the bundle's ranges point to.
using RangeStorage = std::deque<std::vector<float>>;

/// Sets the bundle's `drift` and its networks' `ranges`: every other picture of `sample` sets the
/// ranges, the rest measure. Measures the precisions that this machine has instructions for; a
/// bundle keeps what it had of the others. Throws: what ModelScorer throws.
void check_precisions(const PictureSample& sample, int threads, RangeStorage& storage,
                      Bundle& bundle);

}  // namespace novelty
