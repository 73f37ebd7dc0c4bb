// SPDX-License-Identifier: Apache-2.0
#include "engine/packed_vit.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/half.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t round_up(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// A matrix [rows, columns] with a bias a row, as the file has it, in double to fold factors in.
struct Matrix {
  std::vector<double> values, bias;
  int rows = 0, columns = 0;

  double* row(int r) { return values.data() + std::size_t(r) * static_cast<std::size_t>(columns); }
};

}  // namespace

void* Arena::allocate(std::size_t bytes) {
  bytes = round_up(bytes, kAlignment);
  if (used_ + bytes > free_) {
    const std::size_t chunk = round_up(bytes, kHugePage);
    chunks_.emplace_back(static_cast<std::byte*>(::operator new[](chunk, std::align_val_t{kHugePage})));
    madvise(chunks_.back().get(), chunk, MADV_HUGEPAGE);  // where it fails, pages are small
    std::memset(chunks_.back().get(), 0, chunk);
    free_ = chunk;
    used_ = 0;
    size_ += chunk;
  }
  void* result = chunks_.back().get() + used_;
  used_ += bytes;
  return result;
}

class VitPacker {
 public:
  VitPacker(PackedVit& packed, const NetworkView& network)
      : packed_(packed), network_(network), kernels_(packed.kernels()), config_(network.config) {}

  void pack() {
    pack_embedding();
    for (int i = 0; i < config_.depth; ++i) {
      packed_.blocks.push_back(block("blocks." + std::to_string(i) + "."));
    }
    packed_.norm = norm("norm.");
  }

 private:
  std::vector<float> values_of(const std::string& name, const std::vector<std::int64_t>& shape) {
    const auto found = network_.tensors.find(name);
    if (found == network_.tensors.end()) {
      throw Error(ErrorKind::kFormat, name, "the tensor is missing");
    }
    if (found->second.shape != shape) {
      throw Error(ErrorKind::kFormat, name,
                  "the tensor has another shape than the network's sizes");
    }
    return to_floats(found->second, name);
  }

  std::vector<float> values_of(const std::string& name) {
    return values_of(name, shapes_.at(name));
  }

  const float* keep(std::span<const float> values, std::size_t size) {
    auto* kept = static_cast<float*>(packed_.arena_.allocate(size * sizeof(float)));
    std::ranges::copy(values, kept);
    return kept;
  }

  PackedNorm norm(const std::string& prefix) {
    const auto width = static_cast<std::size_t>(config_.width);
    return {keep(values_of(prefix + "weight"), width), keep(values_of(prefix + "bias"), width)};
  }

  Matrix matrix(const std::string& prefix) {
    const auto values = values_of(prefix + "weight"), bias = values_of(prefix + "bias");
    Matrix m;
    m.rows = static_cast<int>(bias.size());
    m.columns = static_cast<int>(values.size() / bias.size());
    m.values.assign(values.begin(), values.end());
    m.bias.assign(bias.begin(), bias.end());
    return m;
  }

  PackedVit::Block block(const std::string& prefix) {
    PackedVit::Block block;
    block.norm1 = norm(prefix + "norm1.");
    Matrix qkv = matrix(prefix + "attn.qkv.");
    // Attention takes powers of 2 of its scores.
    const double scale = std::numbers::log2e / std::sqrt(config_.width / config_.heads);
    for (int r = 0; r < config_.width; ++r) {
      for (int c = 0; c < qkv.columns; ++c) qkv.row(r)[c] *= scale;
      qkv.bias[static_cast<std::size_t>(r)] *= scale;
    }
    block.qkv = linear(qkv);
    block.proj = linear(matrix(prefix + "attn.proj."));
    block.norm2 = norm(prefix + "norm2.");
    block.fc1 = linear(matrix(prefix + "mlp.fc1."));
    block.fc2 = linear(matrix(prefix + "mlp.fc2."));
    return block;
  }

  // The input's normalisation goes into the weights, the bias into the positions.
  void pack_embedding() {
    Matrix patch = matrix("patch_embed.proj.");
    const int area = config_.patch_size * config_.patch_size;
    for (int r = 0; r < patch.rows; ++r) {
      for (int k = 0; k < patch.columns; ++k) {
        const auto channel = static_cast<std::size_t>(k / area);
        patch.row(r)[k] /= static_cast<double>(network_.std.at(channel));
        patch.bias[static_cast<std::size_t>(r)] -=
            patch.row(r)[k] * static_cast<double>(network_.mean.at(channel));
      }
    }
    const auto width = static_cast<std::size_t>(config_.width);
    auto positions = values_of("pos_embed");
    const auto cls = values_of("cls_token");
    for (std::size_t i = 0; i < positions.size(); ++i) {
      positions[i] += i < width ? cls[i] : static_cast<float>(patch.bias[i % width]);
    }
    packed_.positions = keep(positions, positions.size());
    std::ranges::fill(patch.bias, 0);
    packed_.patch = linear(patch);
  }

  PackedLinear linear(const Matrix& m) {
    const auto depth = round_up(static_cast<std::size_t>(m.columns),
                                static_cast<std::size_t>(kernels_.depth_multiple));
    const auto panels = round_up(static_cast<std::size_t>(m.rows), kPanelColumns) / kPanelColumns;
    PackedLinear linear;
    linear.depth = static_cast<int>(depth);
    linear.panel_count = static_cast<int>(panels);
    const std::vector<float> bias(m.bias.begin(), m.bias.end());
    linear.bias = keep(bias, panels * kPanelColumns);
    void* data = packed_.arena_.allocate(panels * kPanelColumns * depth * kernels_.operand_bytes);
    const std::size_t group = sizeof(float) / kernels_.operand_bytes;
    for (std::size_t r = 0; r < static_cast<std::size_t>(m.rows); ++r) {
      for (std::size_t k = 0; k < static_cast<std::size_t>(m.columns); ++k) {
        const std::size_t lane = (r / kPanelColumns * depth + k / group * group) * kPanelColumns +
                                 r % kPanelColumns * group + k % group;
        const auto value =
            static_cast<float>(m.values[r * static_cast<std::size_t>(m.columns) + k]);
        if (kernels_.precision == Precision::kFloat32) {
          static_cast<float*>(data)[lane] = value;
        } else {
          static_cast<std::uint16_t*>(data)[lane] = float_to_bfloat16(value);
        }
      }
    }
    linear.panels = data;
    return linear;
  }

  PackedVit& packed_;
  const NetworkView& network_;
  const VitKernels& kernels_;
  const VitConfig& config_;
  const std::map<std::string, std::vector<std::int64_t>> shapes_ = vit_tensor_shapes(config_);
};

PackedVit::PackedVit(const NetworkView& network, const VitKernels& kernels)
    : config_(network.config), kernels_(&kernels) {
  check_vit_config(config_, "network");
  if (config_.width % 64 != 0 || config_.width / config_.heads % 32 != 0) {
    throw Error(ErrorKind::kUnsupported, "network",
                "its width " + std::to_string(config_.width) + " with " +
                    std::to_string(config_.heads) + " heads",
                "the width must be a multiple of 64, a head's a multiple of 32");
  }
  VitPacker(*this, network).pack();
}

}  // namespace novelty
