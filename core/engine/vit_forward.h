// SPDX-License-Identifier: Apache-2.0
// One network's pass over one picture, by one thread or by several that share its rows.
#pragma once

#include <array>
#include <atomic>
#include <span>
#include <vector>

#include "engine/packed_vit.h"

namespace novelty {

/// Where a fixed number of threads wait for each other. They spin, then yield.
class Barrier {
 public:
  explicit Barrier(int threads) : threads_(threads) {}

  void wait();

 private:
  const int threads_;
  std::atomic<int> waiting_{0};
  std::atomic<unsigned> round_{0};
};

/// The largest magnitude of each column of what a block's linear layers take: qkv, proj, fc1.
using BlockRanges = std::array<std::vector<float>, 3>;

/// The buffers of a pass of one network, and what it leaves. Thread: the `parts` of one pass.
class VitPass {
 public:
  /// parts: threads that share each pass. Throws: std::bad_alloc.
  VitPass(const PackedVit& network, int parts);

  /// Part `part` of a pass over patches [patch_count, patch_values] in [0, 1]; returns when all
  /// parts are done. cls_attention: empty, or [tokens] of the last block.
  void run(std::span<const float> patches, int part, std::span<float> cls_attention = {});

  /// Widens `ranges`, [depth], by each later pass. With float32 kernels and one part alone.
  void observe(std::vector<BlockRanges>* ranges) { ranges_ = ranges; }

  /// [1 + patch_count, output width] of the last pass: what block `layer`, counted from the last
  /// one backwards, gives after the final norm and the head. layer: below those of the network's
  /// comparison.
  std::span<const float> tokens(int layer = 0) const {
    return {tokens_[static_cast<std::size_t>(layer)], token_values_};
  }

 private:
  RowRange rows_of(int part) const;
  void embed(std::span<const float> patches, RowRange range, int part);
  void project(std::size_t block, RowRange range);
  void attend(std::size_t block, RowRange range, int part, std::span<float> cls_attention);
  void mlp(std::size_t block, RowRange range, int part);
  void finish(std::size_t layer, RowRange range);
  void widen(std::size_t block, std::size_t layer, const Rows& operands, RowRange range) const;
  Rows hidden(int part, int first_row, int depth, std::size_t bytes) const;

  const PackedVit& network_;
  const VitKernels& kernels_;
  const int parts_;
  Barrier barrier_;
  Arena arena_;
  int block_rows_ = 0;  // rows that a part takes through a block at a time
  Rows x_, normed_, mixed_;
  std::vector<Rows> out_;           // a layer: after the final norm
  std::vector<Rows> head_;          // a layer: after the head; or none
  AttentionOperands attention_[2];  // by block in turn, so that one barrier a block is enough
  std::vector<void*> hidden_;       // one a part
  std::vector<std::byte*> scratch_;
  std::vector<BlockRanges>* ranges_ = nullptr;
  std::vector<float*> tokens_;  // a layer
  std::size_t token_values_ = 0;
};

}  // namespace novelty
