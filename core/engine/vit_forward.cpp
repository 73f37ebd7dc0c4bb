// SPDX-License-Identifier: Apache-2.0
// A pass block by block, rows in turns that stay in the cache.
#include "engine/vit_forward.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

namespace novelty {
namespace {

int round_up(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Where weights are to stay in the cache: as many rows as leave what they pass through in a block
// in the second-level cache, in equal shares.
int rows_at_a_time(const PackedVit& network) {
  if (network.kernels().resident_bytes == 0) return round_up(network.tokens(), kRowMultiple);
  const long cache = std::max(sysconf(_SC_LEVEL2_CACHE_SIZE), 1L << 18);
  const auto bytes = static_cast<long>(network.kernels().half_bytes);
  const long row = network.config().mlp_width * bytes + network.config().width * (4 + 2 * bytes);
  const int most = static_cast<int>(std::max(cache * 3 / 4 / row, 1L));
  const int turns = (network.tokens() + most - 1) / most;
  return round_up((network.tokens() + turns - 1) / turns, kRowMultiple);
}

template <class Visit>
void for_each_turn(RowRange range, int rows, Visit visit) {
  for (int done = 0; done < range.count; done += rows) {
    visit(RowRange{range.first + done, std::min(rows, range.count - done)});
  }
}

}  // namespace

void Barrier::wait() {
  if (threads_ == 1) return;
  const unsigned round = round_.load(std::memory_order_relaxed);
  if (waiting_.fetch_add(1, std::memory_order_acq_rel) == threads_ - 1) {
    waiting_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    return;
  }
  for (int spin = 0; round_.load(std::memory_order_acquire) == round; ++spin) {
    if (spin > 1000) std::this_thread::yield();
  }
}

VitPass::VitPass(const PackedVit& network, int parts)
    : network_(network), kernels_(network.kernels()), parts_(parts), barrier_(parts) {
  const VitConfig& config = network.config();
  const int rows = round_up(network.tokens(), kRowMultiple);
  const auto matrix = [&](int depth, std::size_t bytes) {
    return Rows{
        arena_.allocate(static_cast<std::size_t>(rows) * static_cast<std::size_t>(depth) * bytes),
        depth};
  };
  x_ = matrix(config.width, sizeof(float));
  for (int layer = 0; layer < network.layers(); ++layer) {
    out_.push_back(matrix(config.width, sizeof(float)));
    if (network.head.panels) head_.push_back(matrix(network.output_width, sizeof(float)));
    tokens_.push_back(static_cast<float*>((head_.empty() ? out_ : head_).back().data));
  }
  normed_ = matrix(config.width, kernels_.operand_bytes);
  mixed_ = matrix(config.width, kernels_.operand_bytes);
  const Rows queries = matrix(config.width, kernels_.half_bytes);
  for (auto& operands : attention_) {
    operands.queries = queries;  // a part reads those of its own rows alone
    operands.keys = matrix(config.width, kernels_.half_bytes).data;
    operands.values = matrix(config.width, kernels_.half_bytes).data;
    operands.width = config.width;
    operands.heads = config.heads;
    operands.head_size = config.width / config.heads;
    operands.tokens = network.tokens();
    operands.padded_tokens = rows;
  }
  block_rows_ = std::min(rows_at_a_time(network), round_up(rows_of(0).count, kRowMultiple));
  for (int part = 0; part < parts; ++part) {
    const auto row_bytes =
        std::max(static_cast<std::size_t>(network.blocks.front().fc2.depth) * kernels_.half_bytes,
                 static_cast<std::size_t>(network.patch.depth) * kernels_.operand_bytes);
    hidden_.push_back(arena_.allocate(static_cast<std::size_t>(block_rows_) * row_bytes));
    scratch_.push_back(static_cast<std::byte*>(arena_.allocate(attention_scratch(rows))));
  }
  token_values_ = static_cast<std::size_t>(1 + config.patch_count()) *
                  static_cast<std::size_t>(network.output_width);
}

RowRange VitPass::rows_of(int part) const {
  const int share = round_up((network_.tokens() + parts_ - 1) / parts_, kRowMultiple);
  const int first = std::min(part * share, network_.tokens());
  return {first, std::min(share, network_.tokens() - first)};
}

// The part's buffer as rows of `depth` values of `bytes`, of which `first_row` is the first there
// is.
Rows VitPass::hidden(int part, int first_row, int depth, std::size_t bytes) const {
  return {static_cast<std::byte*>(hidden_[static_cast<std::size_t>(part)]) -
              std::ptrdiff_t{first_row} * depth * static_cast<std::ptrdiff_t>(bytes),
          depth};
}

void VitPass::embed(std::span<const float> patches, RowRange range, int part) {
  const int width = network_.config().width, values = network_.config().patch_values();
  std::memcpy(
      static_cast<float*>(x_.data) + range.first * x_.stride,
      network_.positions + range.first * width,
      sizeof(float) * static_cast<std::size_t>(range.count) * static_cast<std::size_t>(width));
  const Rows operands = hidden(part, range.first, network_.patch.depth, kernels_.operand_bytes);
  // [CLS] and the registers have no patch.
  const int end = range.first + range.count;
  const int first = std::max(range.first, 1);
  const int last = std::clamp(1 + network_.config().patch_count(), first, end);
  const auto clear = [&](int from, int to) {
    const std::ptrdiff_t row = network_.patch.depth * static_cast<int>(kernels_.operand_bytes);
    std::memset(static_cast<std::byte*>(operands.data) + from * row, 0,
                static_cast<std::size_t>((to - from) * row));
  };
  clear(range.first, first);
  clear(last, end);
  if (last > first)
    kernels_.load_patches(patches.data() + std::ptrdiff_t{first - 1} * values, values,
                          {first, last - first}, operands, network_.patch.depth);
  kernels_.add_linear(operands, network_.patch, range, x_);
}

void VitPass::widen(std::size_t block, std::size_t layer, const Rows& operands,
                    RowRange range) const {
  if (!ranges_) return;
  auto& columns = ranges_->at(block).at(layer);
  for (int row = range.first; row < range.first + range.count; ++row) {
    const float* values = static_cast<const float*>(operands.data) + row * operands.stride;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      columns[i] = std::max(columns[i], std::abs(values[i]));
    }
  }
}

void VitPass::project(std::size_t block, RowRange range) {
  const PackedVit::Block& weights = network_.blocks[block];
  kernels_.layer_norm(x_, network_.config().width, weights.norm1, range, normed_);
  widen(block, 0, normed_, range);
  kernels_.qkv_linear(normed_, weights.qkv, range, attention_[block % 2]);
}

void VitPass::attend(std::size_t block, RowRange range, int part, std::span<float> cls_attention) {
  AttentionOperands operands = attention_[block % 2];
  operands.out_scale = network_.blocks[block].mix_scale;
  kernels_.attend(operands, range, scratch_[static_cast<std::size_t>(part)], mixed_,
                  range.first == 0 && !cls_attention.empty() ? cls_attention.data() : nullptr);
  widen(block, 1, mixed_, range);
  kernels_.add_linear(mixed_, network_.blocks[block].proj, range, x_);
}

void VitPass::mlp(std::size_t block, RowRange range, int part) {
  const PackedVit::Block& weights = network_.blocks[block];
  kernels_.layer_norm(x_, network_.config().width, weights.norm2, range, normed_);
  widen(block, 2, normed_, range);
  const Rows operands = hidden(part, range.first, weights.fc2.depth, kernels_.half_bytes);
  kernels_.gelu_linear(normed_, weights.fc1, range, operands);
  kernels_.add_half_linear(operands, weights.fc2, range, x_);
}

void VitPass::finish(std::size_t layer, RowRange range) {
  kernels_.final_norm(x_, network_.config().width, network_.norm, range, out_[layer]);
  if (head_.empty()) return;
  const Rows& rows = head_[layer];
  std::memset(static_cast<float*>(rows.data) + range.first * rows.stride, 0,
              sizeof(float) * static_cast<std::size_t>(range.count * rows.stride));
  network_.head_kernels->add_linear(out_[layer], network_.head, range, rows);
}

void VitPass::run(std::span<const float> patches, int part, std::span<float> cls_attention) {
  const RowRange rows = rows_of(part);
  const std::size_t depth = network_.blocks.size();
  const auto layers = static_cast<std::size_t>(network_.layers());
  kernels_.begin();
  for_each_turn(rows, block_rows_, [&](RowRange range) {
    embed(patches, range, part);
    project(0, range);
  });
  for (std::size_t block = 0; block < depth; ++block) {
    barrier_.wait();
    const bool is_last = block + 1 == depth;
    for_each_turn(rows, block_rows_, [&](RowRange range) {
      attend(block, range, part, is_last ? cls_attention : std::span<float>{});
      mlp(block, range, part);
      if (depth - block <= layers) finish(depth - 1 - block, range);
      if (!is_last) project(block + 1, range);
    });
  }
  kernels_.end();
  barrier_.wait();
}

}  // namespace novelty
