// SPDX-License-Identifier: Apache-2.0
// Tokens that users declared normal, ready to be compared with.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "scoring/density.h"

namespace novelty {

/// The exceptions of a Density, whitened once: comparing a token with thousands of them takes as
/// many plain differences. Const members: any thread.
class ExceptionIndex {
 public:
  /// Takes those that `density` has. density: outlives the index. side: of the grid of patches.
  ExceptionIndex(const Density& density, int side);

  std::size_t size() const { return size_; }

  /// The whitened distance of the token of `patch` to the nearest exception at it or one of its
  /// eight neighbours; infinity where there is none. token: [width].
  float distance(std::span<const float> token, int patch) const;

  /// Adds one to the index, not to the density. token: [width].
  void add(int patch, std::span<const float> token);

 private:
  const Density& density_;
  int side_;
  std::size_t size_ = 0;
  std::vector<std::vector<float>> whitened_;  // [patches][exceptions there, width]
};

}  // namespace novelty
