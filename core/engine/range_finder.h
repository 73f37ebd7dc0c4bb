// SPDX-License-Identifier: Apache-2.0
// How large a network's activations become on normal footage: what int8 is scaled by.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/vit_forward.h"

namespace novelty {

/// Thread: one caller at a time.
class RangeFinder {
 public:
  /// Throws: what PackedVit throws.
  explicit RangeFinder(const NetworkView& network);

  /// patches: [patch_count, patch_values] in [0, 1] of one picture.
  void add(std::span<const float> patches) { pass_.run(patches, 0); }

  /// For NetworkView::ranges: "blocks.0.attn.qkv" and so on, [width], the largest magnitude of each
  /// column. The views are of this object.
  TensorMap ranges() const;

 private:
  PackedVit network_;
  VitPass pass_;
  std::vector<BlockRanges> blocks_;
};

}  // namespace novelty
