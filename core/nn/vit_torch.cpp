// SPDX-License-Identifier: Apache-2.0
// The Vision Transformer as LibTorch operations.
#include "nn/vit_torch.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr double kNormEpsilon = 1e-6;      // timm's ViT
constexpr double kSmallestLength = 1e-12;  // below it a token counts as zero

VitBlock block_of(const TensorsByName& tensors, const std::string& prefix) {
  const auto at = [&](const char* name) { return tensors.at(prefix + name); };
  return {at("norm1.weight"),     at("norm1.bias"),     at("attn.qkv.weight"), at("attn.qkv.bias"),
          at("attn.proj.weight"), at("attn.proj.bias"), at("norm2.weight"),    at("norm2.bias"),
          at("mlp.fc1.weight"),   at("mlp.fc1.bias"),   at("mlp.fc2.weight"),  at("mlp.fc2.bias")};
}

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, kNormEpsilon);
}

// q, k: [n, heads, t, d]. Returns [n, patches].
at::Tensor cls_attention_of(const at::Tensor& q, const at::Tensor& k, std::int64_t patches) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const at::Tensor logits = at::matmul(q.narrow(2, 0, 1), k.transpose(2, 3)) * scale;
  return at::softmax(logits, -1).mean(1).select(1, 0).narrow(1, 1, patches);
}

at::Tensor attention(const VitBlock& block, const at::Tensor& x, const VitConfig& config,
                     at::Tensor* cls_attention) {
  const int heads = config.heads;
  const auto n = x.size(0), t = x.size(1), width = x.size(2);
  const auto qkv = at::linear(x, block.qkv_weight, block.qkv_bias)
                       .view({n, t, 3, heads, width / heads})
                       .permute({2, 0, 3, 1, 4});
  const auto q = qkv.select(0, 0), k = qkv.select(0, 1), v = qkv.select(0, 2);
  if (cls_attention) *cls_attention = cls_attention_of(q, k, t - 1 - config.registers);
  const auto mixed = at::scaled_dot_product_attention(q, k, v);
  return at::linear(mixed.transpose(1, 2).reshape({n, t, width}), block.proj_weight,
                    block.proj_bias);
}

at::Tensor mlp(const VitBlock& block, const at::Tensor& x) {
  const auto hidden = at::gelu(at::linear(x, block.fc1_weight, block.fc1_bias));
  return at::linear(hidden, block.fc2_weight, block.fc2_bias);
}

}  // namespace

at::Tensor tensor_of(std::span<const float> values, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  TORCH_CHECK(static_cast<std::size_t>(tensor.numel()) == values.size(), "size of a tensor");
  std::memcpy(tensor.data_ptr<float>(), values.data(), values.size_bytes());
  return tensor;
}

TensorsByName load_tensors(const VitConfig& config, const TensorMap& tensors) {
  check_vit_config(config, "network");
  TensorsByName loaded;
  for (const auto& [name, shape] : vit_tensor_shapes(config)) {
    loaded[name] = tensor_of(tensor_values(tensors, name, shape), shape);
  }
  return loaded;
}

void add_head_values(TensorsByName& values, const TensorMap& head, std::int64_t outputs,
                     std::int64_t inputs) {
  values[kHeadWeight] =
      tensor_of(tensor_values(head, "weight", {outputs, inputs}), {outputs, inputs});
  values[kHeadBias] = tensor_of(tensor_values(head, "bias", {outputs}), {outputs});
}

Vit vit_of(const VitConfig& config, const TensorsByName& tensors) {
  Vit vit;
  vit.config = config;
  vit.patch_weight =
      tensors.at("patch_embed.proj.weight").view({config.width, config.patch_values()});
  vit.patch_bias = tensors.at("patch_embed.proj.bias");
  vit.cls_token = tensors.at("cls_token");
  vit.pos_embed = tensors.at("pos_embed");
  if (config.registers > 0) vit.registers = tensors.at("reg_token");
  for (int i = 0; i < config.depth; ++i) {
    vit.blocks.push_back(block_of(tensors, "blocks." + std::to_string(i) + "."));
  }
  vit.norm_weight = tensors.at("norm.weight");
  vit.norm_bias = tensors.at("norm.bias");
  return vit;
}

at::Tensor embed_patches(const Vit& vit, const at::Tensor& patches, const at::Tensor& positions) {
  const auto tokens = at::linear(patches, vit.patch_weight, vit.patch_bias) + positions;
  const auto cls = (vit.cls_token + vit.pos_embed.narrow(1, 0, 1)).expand({patches.size(0), 1, -1});
  std::vector<at::Tensor> rows{cls, tokens};
  if (vit.registers.defined()) rows.push_back(vit.registers.expand({patches.size(0), -1, -1}));
  return at::cat(rows, 1);
}

at::Tensor through_blocks(const Vit& vit, at::Tensor x, at::Tensor* cls_attention) {
  for (const auto& block : vit.blocks) {
    at::Tensor* wanted = &block == &vit.blocks.back() ? cls_attention : nullptr;
    x = x + attention(block, norm(x, block.norm1_weight, block.norm1_bias), vit.config, wanted);
    x = x + mlp(block, norm(x, block.norm2_weight, block.norm2_bias));
  }
  return x;
}

std::vector<at::Tensor> last_layers(const Vit& vit, at::Tensor x, int layers) {
  std::vector<at::Tensor> given;
  Vit part = vit;  // a block at a time
  for (std::size_t i = 0; i < vit.blocks.size(); ++i) {
    part.blocks = {vit.blocks[i]};
    x = through_blocks(part, std::move(x));
    if (vit.blocks.size() - i <= static_cast<std::size_t>(layers))
      given.insert(given.begin(), norm(x, vit.norm_weight, vit.norm_bias));
  }
  return given;
}

at::Tensor run_blocks(const Vit& vit, at::Tensor x, at::Tensor* cls_attention) {
  return norm(through_blocks(vit, std::move(x), cls_attention), vit.norm_weight, vit.norm_bias);
}

at::Tensor forward(const Vit& vit, const at::Tensor& patches, at::Tensor* cls_attention) {
  const auto positions = vit.pos_embed.narrow(1, 1, vit.config.patch_count());
  return run_blocks(vit, embed_patches(vit, patches, positions), cls_attention);
}

at::Tensor l2_normalised(const at::Tensor& tokens) {
  const auto length = at::linalg_vector_norm(tokens, 2, at::IntArrayRef{-1}, true);
  return tokens / length.clamp_min(kSmallestLength);
}

}  // namespace novelty
