// SPDX-License-Identifier: Apache-2.0
// Folds, quantises and packs a network's weights.
#include "engine/packed_vit.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/half.h"
#include "engine/cpu_engine.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t round_up(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// A linear layer [rows, columns] as the file has it, in double to fold factors in.
struct Matrix {
  std::vector<double> values, bias;
  int rows = 0, columns = 0;

  double& at(int r, int c) {
    return values[static_cast<std::size_t>(r) * static_cast<std::size_t>(columns) +
                  static_cast<std::size_t>(c)];
  }
  double at(int r, int c) const { return const_cast<Matrix&>(*this).at(r, c); }
};

// How a column's values become units of uint8: value * scale + zero, rounded.
struct Units {
  std::vector<float> scale, zero;
};

constexpr float kMiddle = 128;  // the zero of values of either sign
constexpr double kLargestUnit = 127;

// A share of each column's range, of its logarithm, goes into the weights, so that neither they nor
// the activations lose the small beside the large: SmoothQuant's alpha.
constexpr double kShare = 0.7;

Units units_of(const Matrix& m, std::span<const float> ranges) {
  std::vector<double> factors;
  double unit = 0;  // of all columns, in value / factor
  for (int c = 0; c < m.columns; ++c) {
    double weight = 1e-9;
    for (int r = 0; r < m.rows; ++r) weight = std::max(weight, std::abs(m.at(r, c)));
    const double range = std::max(double{ranges[static_cast<std::size_t>(c)]}, 1e-6);
    factors.push_back(std::pow(range, kShare) / std::pow(weight, 1 - kShare));
    unit = std::max(unit, range / factors.back() / kLargestUnit);
  }
  Units units;
  for (const double factor : factors)
    units.scale.push_back(static_cast<float>(1 / (unit * factor)));
  units.zero.assign(factors.size(), kMiddle);
  return units;
}

}  // namespace

void* Arena::allocate(std::size_t bytes) {
  bytes = round_up(bytes, kAlignment);
  if (used_ + bytes > free_) {
    const std::size_t chunk = round_up(bytes, kHugePage);
    chunks_.emplace_back(
        static_cast<std::byte*>(::operator new[](chunk, std::align_val_t{kHugePage})));
    madvise(chunks_.back().get(), chunk, MADV_HUGEPAGE);  // where it fails, pages are small
    std::memset(chunks_.back().get(), 0, chunk);
    free_ = chunk;
    used_ = 0;
  }
  void* result = chunks_.back().get() + used_;
  used_ += bytes;
  return result;
}

namespace {

// The same instruction set's.
const VitKernels& float32_kernels(const VitKernels& kernels) {
  return kernels_for({.precision = "fp32", .isa = kernels.isa});
}

}  // namespace

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
    packed_.output_width = network_.output_width();
    if (!network_.head.empty()) pack_head();
  }

 private:
  std::vector<float> values_of(const std::string& name) {
    return tensor_values(network_.tensors, name, shapes_.at(name));
  }

  const float* keep(std::span<const float> values, std::size_t size) {
    auto* kept = static_cast<float*>(packed_.arena_.allocate(size * sizeof(float)));
    std::ranges::copy(values, kept);
    return kept;
  }

  PackedNorm norm(const std::string& prefix, const Units& units = {}) {
    auto weight = values_of(prefix + "weight"), bias = values_of(prefix + "bias");
    for (std::size_t i = 0; i < units.scale.size(); ++i) {
      weight[i] *= units.scale[i];
      bias[i] = bias[i] * units.scale[i] + units.zero[i];
    }
    return {keep(weight, weight.size()), keep(bias, bias.size())};
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

  // Small, and what comes out is compared: in float32 whatever the precision.
  void pack_head() {
    packed_.head_kernels = &float32_kernels(kernels_);
    Matrix m;
    m.rows = packed_.output_width;
    m.columns = config_.width;
    const auto weight = tensor_values(network_.head, "weight", {m.rows, m.columns});
    const auto bias = tensor_values(network_.head, "bias", {m.rows});
    m.values.assign(weight.begin(), weight.end());
    m.bias.assign(bias.begin(), bias.end());
    packed_.head = plain_linear(m, *packed_.head_kernels);
  }

  // Those of what the layer takes; empty where operands are no integers.
  Units units(const Matrix& m, const std::string& name) {
    if (kernels_.precision != Precision::kInt8) return {};
    if (network_.ranges.empty()) {
      throw Error(ErrorKind::kSettings, "precision",
                  "int8 needs the ranges of the network's activations, and the model has none",
                  "use bf16 or fp32, or train the model again");
    }
    const auto ranges = tensor_values(network_.ranges, name, {m.columns});
    return units_of(m, ranges);
  }

  // So that what GELU gives fills the depth of the next layer: 0 where there is no row.
  void pad_rows(Matrix& m) const {
    m.rows = static_cast<int>(round_up(static_cast<std::size_t>(m.rows),
                                       static_cast<std::size_t>(kernels_.half_multiple)));
    m.bias.resize(static_cast<std::size_t>(m.rows));
    m.values.resize(static_cast<std::size_t>(m.rows) * static_cast<std::size_t>(m.columns));
  }

  PackedVit::Block block(const std::string& prefix) {
    PackedVit::Block block;
    Matrix qkv = matrix(prefix + "attn.qkv.");
    // Attention takes powers of 2 of its scores.
    const double scale = std::numbers::log2e / std::sqrt(config_.width / config_.heads);
    for (int r = 0; r < config_.width; ++r) {
      for (int c = 0; c < qkv.columns; ++c) qkv.at(r, c) *= scale;
      qkv.bias[static_cast<std::size_t>(r)] *= scale;
    }
    const Units normed = units(qkv, prefix + "attn.qkv");
    block.norm1 = norm(prefix + "norm1.", normed);
    block.qkv = linear(qkv, normed);
    const Matrix proj = matrix(prefix + "attn.proj.");
    const Units mixed = units(proj, prefix + "attn.proj");
    block.mix_scale = keep(mixed.scale, mixed.scale.size());
    block.proj = linear(proj, mixed);
    Matrix fc1 = matrix(prefix + "mlp.fc1.");
    pad_rows(fc1);
    const Units normed2 = units(fc1, prefix + "mlp.fc1");
    block.norm2 = norm(prefix + "norm2.", normed2);
    block.fc1 = linear(fc1, normed2);
    block.fc2 = plain_linear(matrix(prefix + "mlp.fc2."), kernels_);
    return block;
  }

  // The input's normalisation goes into the weights, the bias into the positions.
  void pack_embedding() {
    Matrix patch = matrix("patch_embed.proj.");
    const int area = config_.patch_size * config_.patch_size;
    for (int r = 0; r < patch.rows; ++r) {
      for (int k = 0; k < patch.columns; ++k) {
        const auto channel = static_cast<std::size_t>(k / area);
        patch.at(r, k) /= static_cast<double>(network_.std.at(channel));
        patch.bias[static_cast<std::size_t>(r)] -=
            patch.at(r, k) * static_cast<double>(network_.mean.at(channel));
      }
    }
    const auto width = static_cast<std::size_t>(config_.width);
    auto positions = values_of("pos_embed");
    const auto cls = values_of("cls_token");
    for (std::size_t i = 0; i < positions.size(); ++i) {
      positions[i] += i < width ? cls[i] : static_cast<float>(patch.bias[i % width]);
    }
    if (config_.registers > 0) {
      const auto registers = values_of("reg_token");
      positions.insert(positions.end(), registers.begin(), registers.end());
    }
    packed_.positions = keep(positions, positions.size());
    std::ranges::fill(patch.bias, 0);
    Units levels;  // 8 bits, as frames have
    if (kernels_.precision == Precision::kInt8) {
      const auto columns = static_cast<std::size_t>(patch.columns);
      levels = {std::vector<float>(columns, 255), std::vector<float>(columns, 0)};
    }
    packed_.patch = linear(patch, levels);
  }

  PackedLinear linear(const Matrix& m, const Units& units) {
    if (kernels_.precision != Precision::kInt8) return plain_linear(m, kernels_);
    PackedLinear linear = sized(m, kernels_.depth_multiple);
    const auto outputs = static_cast<std::size_t>(linear.panel_count) * kPanelColumns;
    auto* panels = static_cast<std::int8_t*>(
        packed_.arena_.allocate(outputs * static_cast<std::size_t>(linear.depth)));
    std::vector<float> bias(m.bias.begin(), m.bias.end());
    linear.scale = keep(quantise(m, units, linear.depth, panels, bias), outputs);
    linear.panels = panels;
    linear.bias = keep(bias, outputs);
    return linear;
  }

  // One of VitKernels::half_bytes.
  PackedLinear plain_linear(const Matrix& m, const VitKernels& kernels) {
    PackedLinear linear = sized(m, kernels.half_multiple);
    const auto outputs = static_cast<std::size_t>(linear.panel_count) * kPanelColumns;
    void* panels = packed_.arena_.allocate(outputs * static_cast<std::size_t>(linear.depth) *
                                           kernels.half_bytes);
    if (kernels.half_bytes == sizeof(float)) {
      for_each_lane<1>(m, linear.depth, [&](std::size_t lane, double value) {
        static_cast<float*>(panels)[lane] = static_cast<float>(value);
      });
    } else {
      for_each_lane<2>(m, linear.depth, [&](std::size_t lane, double value) {
        static_cast<std::uint16_t*>(panels)[lane] = float_to_bfloat16(static_cast<float>(value));
      });
    }
    linear.panels = panels;
    linear.bias = keep(std::vector<float>(m.bias.begin(), m.bias.end()), outputs);
    return linear;
  }

  static PackedLinear sized(const Matrix& m, int depth_multiple) {
    PackedLinear linear;
    linear.depth = static_cast<int>(
        round_up(static_cast<std::size_t>(m.columns), static_cast<std::size_t>(depth_multiple)));
    linear.panel_count =
        static_cast<int>(round_up(static_cast<std::size_t>(m.rows), kPanelColumns)) / kPanelColumns;
    return linear;
  }

  // visit(place in the panels, value).
  template <int kGroup, class Visit>
  static void for_each_lane(const Matrix& m, int depth, Visit visit) {
    for (int r = 0; r < m.rows; ++r) {
      const std::ptrdiff_t panel = std::ptrdiff_t{r / kPanelColumns} * depth * kPanelColumns;
      for (int k = 0; k < m.columns; ++k) {
        const std::ptrdiff_t lane =
            panel + k / kGroup * kGroup * kPanelColumns + r % kPanelColumns * kGroup + k % kGroup;
        visit(static_cast<std::size_t>(lane), m.at(r, k));
      }
    }
  }

  // Weights as int8, each row by its own scale, which it returns. The zeros of what they are
  // multiplied with are taken off `bias`.
  static std::vector<float> quantise(const Matrix& m, const Units& units, int depth,
                                     std::int8_t* panels, std::vector<float>& bias) {
    Matrix scaled = m;
    std::vector<float> scales;
    for (int r = 0; r < m.rows; ++r) {
      double largest = 1e-30, offset = 0;
      for (int k = 0; k < m.columns; ++k) {
        scaled.at(r, k) /= static_cast<double>(units.scale[static_cast<std::size_t>(k)]);
        largest = std::max(largest, std::abs(scaled.at(r, k)));
      }
      const double scale = largest / kLargestUnit;
      for (int k = 0; k < m.columns; ++k) {
        scaled.at(r, k) = std::nearbyint(scaled.at(r, k) / scale);
        offset += scaled.at(r, k) * static_cast<double>(units.zero[static_cast<std::size_t>(k)]);
      }
      scales.push_back(static_cast<float>(scale));
      bias[static_cast<std::size_t>(r)] -= static_cast<float>(offset * scale);
    }
    for_each_lane<4>(scaled, depth, [&](std::size_t lane, double value) {
      panels[lane] = static_cast<std::int8_t>(value);
    });
    return scales;
  }

  PackedVit& packed_;
  const NetworkView& network_;
  const VitKernels& kernels_;
  const VitConfig& config_;
  const std::map<std::string, std::vector<std::int64_t>> shapes_ = vit_tensor_shapes(config_);
};

PackedVit::PackedVit(const NetworkView& network, const VitKernels& kernels)
    : config_(network.config), kernels_(&kernels), layers_(network.comparison.layers) {
  check_vit_config(config_, "network");
  if (layers_ < 1 || layers_ > config_.depth)
    throw Error(ErrorKind::kUnsupported, "network",
                std::to_string(layers_) + " layers to compare of " + std::to_string(config_.depth) +
                    " blocks");
  if (config_.width % 64 != 0 || config_.width / config_.heads % 32 != 0) {
    throw Error(ErrorKind::kUnsupported, "network",
                "its width " + std::to_string(config_.width) + " with " +
                    std::to_string(config_.heads) + " heads",
                "the width must be a multiple of 64, a head's a multiple of 32");
  }
  VitPacker(*this, network).pack();
}

}  // namespace novelty
