// SPDX-License-Identifier: Apache-2.0
// The views of a photograph that a compact network learns from.
#pragma once

#include <cstddef>
#include <vector>

#include "base/rng.h"
#include "image/preprocess.h"
#include "novelty/frame.h"

namespace novelty {

/// Views of one picture after the other. Not thread-safe.
class CompactViews {
 public:
  /// Views are `size` pixels a side, in patches of `patch`.
  CompactViews(int size, int patch) : size_(size), patch_(patch) {}

  void set_picture(const FrameView& frame);

  /// The whole picture, mirrored or not; else a part of a quarter to all of it, at times as coarse
  /// as a small picture blown up; always in other light (see vary). [(size/patch)^2, 3 * patch *
  /// patch] in [0,1]. A pure function of the picture and `rng`'s state.
  void draw(Rng& rng, bool whole, std::vector<float>& patches);

 private:
  int size_, patch_;
  int side_ = 0;                       // of the picture as kept
  std::vector<std::uint8_t> picture_;  // [side, side, 3] R'G'B'
  PreprocessScratch keep_, crop_, coarse_, back_;
};

}  // namespace novelty
