// SPDX-License-Identifier: Apache-2.0
// Reads and checks the sizes of a timm Vision Transformer.
#include "nn/vit_config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "novelty/error.h"

namespace novelty {
namespace {

using Shape = std::vector<std::int64_t>;

constexpr int kHeadWidth = 64;  // of every plain timm ViT
constexpr int kInputLimit = 1024, kWidthLimit = 4096, kDepthLimit = 64, kMlpLimit = 16384;
constexpr int kRegisterLimit = 64;
constexpr const char* kRegisters = "reg_token";

/// What a tensor's name gives away about families that are not handled.
struct FamilyMark {
  const char* text;
  const char* meaning;
};
constexpr std::array<FamilyMark, 11> kFamilyMarks{
    {{"register_tokens", "register tokens (DINOv2's own names)"},
     {"mask_token", "a mask token (DINOv2's own names)"},
     {"dist_token", "a distillation token"},
     {".ls1.", "layer scale"},
     {".ls2.", "layer scale"},
     {".gamma_1", "layer scale"},
     {"q_norm", "normalised queries"},
     {"norm_pre", "a norm before the blocks"},
     {"fc_norm", "average pooling instead of [CLS]"},
     {"relative_position", "relative positions"},
     {"embeddings.patch_embeddings", "Hugging Face transformers names"}}};

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (const auto size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

bool is_head(std::string_view name) {
  return name.starts_with("head.") || name.starts_with("pre_logits.");
}

/// The tensors of one network in a file that may hold more.
class Reader {
 public:
  Reader(const TensorMap& tensors, const std::string& prefix) : prefix_(prefix) {
    for (auto it = tensors.lower_bound(prefix);
         it != tensors.end() && it->first.starts_with(prefix); ++it) {
      const std::string name = it->first.substr(prefix.size());
      if (!is_head(name)) shapes_.emplace(name, it->second);
    }
  }

  bool has(const std::string& name) const { return shapes_.contains(name); }

  const Shape& at(const std::string& name, std::size_t rank) const {
    const auto found = shapes_.find(name);
    if (found == shapes_.end()) missing(name);
    if (found->second.shape.size() != rank) wrong_shape(name, "a shape of another rank");
    return found->second.shape;
  }

  void refuse_other_families() const {
    for (const auto& [name, tensor] : shapes_) {
      for (const FamilyMark& mark : kFamilyMarks) {
        if (name.find(mark.text) != std::string::npos) unsupported(name, mark.meaning);
      }
    }
    if (has("pos_embed") && !has("cls_token")) unsupported("pos_embed", "no [CLS] token");
  }

  /// Every tensor of `config` is there in its shape, and no other.
  void compare(const VitConfig& config) const {
    const auto expected = vit_tensor_shapes(config);
    for (const auto& [name, shape] : expected) {
      if (at(name, shape.size()) != shape) wrong_shape(name, text_of(shape) + " expected");
      check_fractions(name);
    }
    for (const auto& [name, tensor] : shapes_) {
      if (!expected.contains(name)) unsupported(name, "a tensor a plain ViT does not have");
    }
  }

  [[noreturn]] void unsupported(const std::string& name, const std::string& meaning) const {
    throw Error(ErrorKind::kUnsupported, prefix_ + name, "a network with " + meaning,
                "use a plain timm VisionTransformer with a [CLS] token");
  }

  [[noreturn]] void wrong_shape(const std::string& name, const std::string& wanted) const {
    throw Error(ErrorKind::kFormat, prefix_ + name,
                "has shape " + text_of(shapes_.at(name).shape) + ", " + wanted);
  }

 private:
  void check_fractions(const std::string& name) const {
    const DType dtype = shapes_.at(name).dtype;
    if (dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBf16) return;
    throw Error(ErrorKind::kFormat, prefix_ + name, "holds integers, float32 expected");
  }

  [[noreturn]] void missing(const std::string& name) const {
    throw Error(ErrorKind::kFormat, prefix_ + name, "tensor is missing",
                "the weights of a timm VisionTransformer are needed, whole");
  }

  std::string prefix_;
  std::map<std::string, TensorView> shapes_;  // by name without prefix
};

/// The sizes as int once they are known to be small.
int small(const Reader& reader, const std::string& name, std::int64_t size, int limit) {
  if (size < 1 || size > limit) {
    reader.wrong_shape(name, "sizes of 1 to " + std::to_string(limit) + " expected");
  }
  return static_cast<int>(size);
}

int grid_side(const Reader& reader, const Shape& pos_embed) {
  const std::int64_t tokens = pos_embed[1] - 1;
  const int count = small(reader, "pos_embed", tokens, kInputLimit * kInputLimit);
  const int side = static_cast<int>(std::lround(std::sqrt(count)));
  if (side * side != count)
    reader.wrong_shape("pos_embed", "1 + a square number of tokens expected");
  return side;
}

int block_count(const Reader& reader) {
  int depth = 0;
  while (depth < kDepthLimit && reader.has("blocks." + std::to_string(depth) + ".norm1.weight")) {
    ++depth;
  }
  return std::max(depth, 1);  // a file without blocks then lacks those of block 0
}

VitConfig read_sizes(const Reader& reader, int heads) {
  const std::string patch = "patch_embed.proj.weight", fc1 = "blocks.0.mlp.fc1.weight";
  VitConfig config;
  config.width = small(reader, patch, reader.at(patch, 4)[0], kWidthLimit);
  config.patch_size = small(reader, patch, reader.at(patch, 4)[2], kInputLimit);
  config.input_size = grid_side(reader, reader.at("pos_embed", 3)) * config.patch_size;
  config.depth = block_count(reader);
  config.mlp_width = small(reader, fc1, reader.at(fc1, 2)[0], kMlpLimit);
  if (reader.has(kRegisters))
    config.registers = small(reader, kRegisters, reader.at(kRegisters, 3)[1], kRegisterLimit);
  config.heads = heads > 0 ? heads : std::max(config.width / kHeadWidth, 1);
  return config;
}

/// What is wrong with `config`, or nothing.
std::string problem_of(const VitConfig& c) {
  const auto outside = [](int value, int limit) { return value < 1 || value > limit; };
  if (c.patch_size != 8 && c.patch_size != 14 && c.patch_size != 16 && c.patch_size != 32) {
    return "a patch size of " + std::to_string(c.patch_size) + "; 8, 14, 16 and 32 are handled";
  }
  if (outside(c.input_size, kInputLimit) || c.input_size % c.patch_size != 0) {
    return "an input of " + std::to_string(c.input_size) + " pixels a side; a multiple of " +
           std::to_string(c.patch_size) + " up to " + std::to_string(kInputLimit) + " is needed";
  }
  if (outside(c.width, kWidthLimit) || outside(c.depth, kDepthLimit) ||
      outside(c.mlp_width, kMlpLimit)) {
    return "a width of " + std::to_string(c.width) + ", depth of " + std::to_string(c.depth) +
           " or MLP width of " + std::to_string(c.mlp_width) + " out of range";
  }
  if (outside(c.heads, c.width) || c.width % c.heads != 0) {
    return "a width of " + std::to_string(c.width) + " that does not divide into " +
           std::to_string(c.heads) + " heads";
  }
  if (c.registers < 0 || c.registers > kRegisterLimit)
    return std::to_string(c.registers) + " registers";
  return {};
}

}  // namespace

VitConfig infer_vit_config(const TensorMap& tensors, const std::string& prefix, int heads) {
  const Reader reader(tensors, prefix);
  reader.refuse_other_families();
  const VitConfig config = read_sizes(reader, heads);
  reader.compare(config);
  const std::string problem = problem_of(config);
  if (!problem.empty()) reader.unsupported("patch_embed.proj.weight", problem);
  return config;
}

std::map<std::string, Shape> vit_tensor_shapes(const VitConfig& config) {
  const std::int64_t width = config.width, mlp = config.mlp_width, patch = config.patch_size;
  std::map<std::string, Shape> shapes{{"cls_token", {1, 1, width}},
                                      {"pos_embed", {1, 1 + config.patch_count(), width}},
                                      {"patch_embed.proj.weight", {width, 3, patch, patch}},
                                      {"patch_embed.proj.bias", {width}},
                                      {"norm.weight", {width}},
                                      {"norm.bias", {width}}};
  const std::map<std::string, Shape> block{{"norm1.weight", {width}},
                                           {"norm1.bias", {width}},
                                           {"attn.qkv.weight", {3 * width, width}},
                                           {"attn.qkv.bias", {3 * width}},
                                           {"attn.proj.weight", {width, width}},
                                           {"attn.proj.bias", {width}},
                                           {"norm2.weight", {width}},
                                           {"norm2.bias", {width}},
                                           {"mlp.fc1.weight", {mlp, width}},
                                           {"mlp.fc1.bias", {mlp}},
                                           {"mlp.fc2.weight", {width, mlp}},
                                           {"mlp.fc2.bias", {width}}};
  if (config.registers > 0) shapes.emplace(kRegisters, Shape{1, config.registers, width});
  for (int i = 0; i < config.depth; ++i) {
    for (const auto& [name, shape] : block) {
      shapes.emplace("blocks." + std::to_string(i) + "." + name, shape);
    }
  }
  return shapes;
}

void check_vit_config(const VitConfig& config, const std::string& where) {
  const std::string problem = problem_of(config);
  if (!problem.empty()) throw Error(ErrorKind::kSettings, where, problem);
}

std::vector<float> tensor_values(const TensorMap& tensors, const std::string& name,
                                 const std::vector<std::int64_t>& shape) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw Error(ErrorKind::kFormat, name, "the tensor is missing");
  if (found->second.shape != shape) {
    throw Error(ErrorKind::kFormat, name, "the tensor has another shape than the network's sizes");
  }
  return to_floats(found->second, name);
}

}  // namespace novelty
