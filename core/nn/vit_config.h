// SPDX-License-Identifier: Apache-2.0
// The sizes of a Vision Transformer, read from the names and shapes of its tensors. Free of torch.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/safetensors.h"

namespace novelty {

/// A plain timm VisionTransformer: [CLS] token, learned position embedding, pre-norm blocks, fused
/// qkv, exact GELU, LayerNorm eps 1e-6. Its tokens in order: [CLS], the patches, the registers.
struct VitConfig {
  int input_size = 224;  ///< pixels a side
  int patch_size = 16;   ///< 8, 14, 16 or 32
  int width = 192;       ///< embedding dimension
  int depth = 12;        ///< blocks
  int heads = 3;         ///< width / 64
  int mlp_width = 768;
  int registers = 0;  ///< learnt tokens that only take part in attention (DINOv2's reg4: 4)

  int grid_size() const { return input_size / patch_size; }
  int patch_count() const { return grid_size() * grid_size(); }
  int token_count() const { return 1 + patch_count() + registers; }
  int patch_values() const { return 3 * patch_size * patch_size; }

  bool operator==(const VitConfig&) const = default;
};

/// Reads the sizes from timm names (`prefix` + "patch_embed.proj.weight", ...) and checks that
/// every tensor of the architecture is there with the right shape, and that nothing unknown is (a
/// classification head is ignored). heads = width / 64 unless `heads` > 0.
/// Throws: Error (kFormat: missing or wrong shape; kUnsupported: another family, e.g. layer
/// scale, no [CLS]), naming the tensor.
VitConfig infer_vit_config(const TensorMap& tensors, const std::string& prefix = {}, int heads = 0);

/// Names and shapes of all tensors of `config`, without a head, in file order.
std::map<std::string, std::vector<std::int64_t>> vit_tensor_shapes(const VitConfig& config);

/// The values of tensor `name`. Throws: Error(kFormat) when it is missing, of another shape or not
/// finite.
std::vector<float> tensor_values(const TensorMap& tensors, const std::string& name,
                                 const std::vector<std::int64_t>& shape);

/// Throws: Error(kSettings) for sizes that cannot be (or are absurd: width > 4096, depth > 64,
/// ...).
void check_vit_config(const VitConfig& config, const std::string& where);

}  // namespace novelty
