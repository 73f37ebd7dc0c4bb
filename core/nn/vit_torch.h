// SPDX-License-Identifier: Apache-2.0
// The Vision Transformer as LibTorch operations: loading, and the forward pass of both inference
// and training.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/safetensors.h"
#include "nn/vit_config.h"

namespace novelty {

using TensorsByName = std::map<std::string, at::Tensor>;

/// One pre-norm block. Weights of linear layers: [outputs, inputs].
struct VitBlock {
  at::Tensor norm1_weight, norm1_bias;  // [width]
  at::Tensor qkv_weight, qkv_bias;      // [3 * width, width], [3 * width]
  at::Tensor proj_weight, proj_bias;    // [width, width], [width]
  at::Tensor norm2_weight, norm2_bias;  // [width]
  at::Tensor fc1_weight, fc1_bias;      // [mlp_width, width], [mlp_width]
  at::Tensor fc2_weight, fc2_bias;      // [width, mlp_width], [width]
};

/// A network's tensors by role, float32 on the CPU; shares memory with the tensors it was made of.
struct Vit {
  VitConfig config;
  at::Tensor patch_weight, patch_bias;  // [width, patch_values], [width]
  at::Tensor cls_token;                 // [1, 1, width]
  at::Tensor pos_embed;                 // [1, 1 + patch_count, width]
  at::Tensor registers;                 // [1, registers, width]; undefined without any
  std::vector<VitBlock> blocks;
  at::Tensor norm_weight, norm_bias;  // [width]
};

/// A float32 tensor of `shape` ([values.size()] in all) in memory of its own, which LibTorch aligns
/// alike each time: the last bits of matrix products depend on where their operands lie.
at::Tensor tensor_of(std::span<const float> values, at::IntArrayRef shape);

/// Private float32 copies of all tensors of `config`; those of no use (a head) are left out.
/// Throws: Error (kFormat) naming a tensor that is missing, of another shape or not finite.
TensorsByName load_tensors(const VitConfig& config, const TensorMap& tensors);

/// Adds a linear layer, "weight" [outputs, inputs] and "bias" [outputs], as kHeadWeight and
/// kHeadBias. Throws: Error(kFormat) when one is missing, of another shape or not finite.
void add_head_values(TensorsByName& values, const TensorMap& head, std::int64_t outputs,
                     std::int64_t inputs);
inline constexpr const char* kHeadWeight = "head.weight";
inline constexpr const char* kHeadBias = "head.bias";

/// `tensors` has every name of vit_tensor_shapes. Differentiable.
Vit vit_of(const VitConfig& config, const TensorsByName& tensors);

/// patches: [n, k, patch_values], normalised. positions: rows of pos_embed,
/// [1 or n, k, width]. Returns [n, 1 + k + registers, width], [CLS] first, then the patches.
at::Tensor embed_patches(const Vit& vit, const at::Tensor& patches, const at::Tensor& positions);

/// x: [n, t, width]. Returns what the last block gives, before the final norm; cls_attention as in
/// run_blocks.
at::Tensor through_blocks(const Vit& vit, at::Tensor x, at::Tensor* cls_attention = nullptr);

/// x: [n, t, width] of embed_patches. Returns what the last `layers` blocks give after the final
/// norm, [n, t, width] each, the last block's first.
std::vector<at::Tensor> last_layers(const Vit& vit, at::Tensor x, int layers);

/// x: [n, t, width] of embed_patches. Returns all tokens after the final norm, [n, t, width].
/// cls_attention, if not null: gets the last block's [CLS] row over the patches, mean over
/// heads, [n, t - 1 - registers].
at::Tensor run_blocks(const Vit& vit, at::Tensor x, at::Tensor* cls_attention = nullptr);

/// embed_patches and run_blocks on whole images: patches [n, patch_count, patch_values].
at::Tensor forward(const Vit& vit, const at::Tensor& patches, at::Tensor* cls_attention = nullptr);

/// tokens / |tokens| along the last dimension, as normalise_tokens.
at::Tensor l2_normalised(const at::Tensor& tokens);

}  // namespace novelty
