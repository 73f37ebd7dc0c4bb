// SPDX-License-Identifier: Apache-2.0
// Sizes of a Vision Transformer from its tensors, and networks that are refused.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "nn/vit_config.h"
#include "novelty/error.h"

namespace novelty {
namespace {

const std::vector<float> kMemory(1 << 20);  // NOLINT(cert-err58-cpp): what all views point to

TensorView tensor(const std::vector<std::int64_t>& shape) {
  return view_of(kMemory, shape);
}

TensorMap tensors_of(const VitConfig& config, const std::string& prefix = {}) {
  TensorMap tensors;
  for (const auto& [name, shape] : vit_tensor_shapes(config)) {
    tensors[prefix + name] = tensor(shape);
  }
  return tensors;
}

VitConfig config_of(int input, int patch, int width, int depth, int heads, int mlp) {
  VitConfig config;
  config.input_size = input;
  config.patch_size = patch;
  config.width = width;
  config.depth = depth;
  config.heads = heads;
  config.mlp_width = mlp;
  return config;
}

/// Expects an Error of `kind` whose text holds `part`.
void expect_refused(const TensorMap& tensors, ErrorKind kind, const std::string& part) {
  try {
    infer_vit_config(tensors);
    ADD_FAILURE() << "accepted: " << part;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(VitConfig, ReadsTheSizesOfEveryFamilyMember) {
  for (const VitConfig& config :
       {config_of(224, 16, 192, 12, 3, 768), config_of(384, 32, 384, 12, 6, 1536),
        config_of(518, 14, 768, 12, 12, 3072), config_of(224, 16, 1024, 24, 16, 4096),
        config_of(16, 16, 64, 1, 1, 7)}) {
    EXPECT_EQ(infer_vit_config(tensors_of(config)), config);
  }
}

TEST(VitConfig, LooksOnlyBehindThePrefix) {
  const VitConfig config = config_of(32, 16, 64, 2, 1, 256);
  TensorMap tensors = tensors_of(config, "student.");
  tensors.merge(tensors_of(config_of(64, 16, 128, 3, 2, 512), "teacher."));
  tensors["studen"] = tensors["studeo"] = tensor({1});
  EXPECT_EQ(infer_vit_config(tensors, "student."), config);
  EXPECT_EQ(infer_vit_config(tensors, "teacher.").depth, 3);
}

TEST(VitConfig, TakesTheNumberOfHeadsFromTheCaller) {
  const VitConfig config = config_of(32, 16, 8, 1, 2, 16);
  EXPECT_EQ(infer_vit_config(tensors_of(config), {}, 2), config);
  EXPECT_THROW(infer_vit_config(tensors_of(config), {}, 3), Error);
}

TEST(VitConfig, IgnoresAClassificationHead) {
  const VitConfig config = config_of(32, 16, 64, 1, 1, 256);
  TensorMap tensors = tensors_of(config);
  tensors["head.weight"] = tensor({1000, 64});
  tensors["head.bias"] = tensor({1000});
  EXPECT_EQ(infer_vit_config(tensors), config);
}

TEST(VitConfig, NamesEveryMissingOrMisshapenTensor) {
  const VitConfig config = config_of(32, 16, 64, 1, 1, 256);
  for (const auto& [name, shape] : vit_tensor_shapes(config)) {
    TensorMap tensors = tensors_of(config);
    tensors.erase(name);
    if (name == "cls_token") {
      expect_refused(tensors, ErrorKind::kUnsupported, "no [CLS] token");
    } else {
      expect_refused(tensors, ErrorKind::kFormat, name);
    }
    tensors[name] = tensor({3, 5});
    EXPECT_THROW(infer_vit_config(tensors), Error) << name;
    tensors[name] = tensor({});
    expect_refused(tensors, ErrorKind::kFormat, name);
  }
}

TEST(VitConfig, CountsRegisters) {
  VitConfig config = config_of(32, 16, 64, 1, 1, 256);
  EXPECT_EQ(infer_vit_config(tensors_of(config)).registers, 0);
  config.registers = 4;
  EXPECT_EQ(config.token_count(), 9);
  EXPECT_EQ(infer_vit_config(tensors_of(config)), config);
  for (const std::vector<std::int64_t>& shape : std::vector<std::vector<std::int64_t>>{
           {}, {4, 64}, {1, 0, 64}, {1, -4, 64}, {1, 65, 64}, {1, 4, 63}, {2, 4, 64}}) {
    TensorMap tensors = tensors_of(config);
    tensors["reg_token"].shape = shape;
    expect_refused(tensors, ErrorKind::kFormat, "reg_token");
  }
}

TEST(VitConfig, RefusesIntegerTensors) {
  TensorMap tensors = tensors_of(config_of(32, 16, 64, 1, 1, 256));
  tensors["norm.bias"].dtype = DType::kI32;
  expect_refused(tensors, ErrorKind::kFormat, "norm.bias");
}

TEST(VitConfig, RefusesOtherFamiliesByWhatMakesThemSo) {
  const TensorMap plain = tensors_of(config_of(32, 16, 64, 1, 1, 256));
  const std::vector<std::pair<std::string, std::string>> marks{
      {"register_tokens", "register tokens"},
      {"blocks.0.ls1.gamma", "layer scale"},
      {"dist_token", "distillation token"},
      {"blocks.0.attn.q_norm.weight", "queries"},
      {"norm_pre.weight", "before the blocks"},
      {"fc_norm.weight", "pooling"},
      {"mystery", "does not have"},
      {"blocks.2.norm1.weight", "does not have"}};
  for (const auto& [name, meaning] : marks) {
    TensorMap tensors = plain;
    tensors[name] = tensor({64});
    expect_refused(tensors, ErrorKind::kUnsupported, meaning);
  }
  expect_refused({{"vit.embeddings.patch_embeddings.projection.weight", tensor({1})}},
                 ErrorKind::kUnsupported, "Hugging Face");
  expect_refused({}, ErrorKind::kFormat, "patch_embed.proj.weight");
  expect_refused(tensors_of(config_of(32, 4, 64, 1, 1, 256)), ErrorKind::kUnsupported,
                 "a patch size of 4");
}

TEST(VitConfig, RefusesImpossibleSizes) {
  for (const VitConfig& config :
       {config_of(0, 16, 64, 1, 1, 256), config_of(230, 16, 64, 1, 1, 256),
        config_of(2048, 16, 64, 1, 1, 256), config_of(224, 0, 64, 1, 1, 256),
        config_of(224, 16, 0, 1, 1, 256), config_of(224, 16, 8192, 1, 1, 256),
        config_of(224, 16, 64, 0, 1, 256), config_of(224, 16, 64, 65, 1, 256),
        config_of(224, 16, 64, 1, 0, 256), config_of(224, 16, 64, 1, 5, 256),
        config_of(224, 16, 64, 1, 1, 0), config_of(-16, 16, 64, 1, 1, 256)}) {
    EXPECT_THROW(check_vit_config(config, "here"), Error);
  }
  EXPECT_NO_THROW(check_vit_config(VitConfig(), "here"));
}

TEST(VitConfig, RefusesHugeShapesWithoutMakingThem) {
  TensorMap tensors = tensors_of(config_of(32, 16, 64, 1, 1, 256));
  tensors["patch_embed.proj.weight"] = tensor({INT64_MAX, 3, INT64_MAX, INT64_MAX});
  expect_refused(tensors, ErrorKind::kFormat, "patch_embed.proj.weight");
  tensors = tensors_of(config_of(32, 16, 64, 1, 1, 256));
  for (const std::int64_t tokens : {INT64_MIN, INT64_MAX, std::int64_t{0}, std::int64_t{6}}) {
    tensors["pos_embed"] = tensor({1, tokens, 64});
    expect_refused(tensors, ErrorKind::kFormat, "pos_embed");
  }
}

TEST(VitConfig, ReadsARealCheckpoint) {
  const char* root = std::getenv("NOVELTY_SOURCE_ROOT");
  const std::string path =
      std::string(root ? root : ".") +
      "/../shared/weights/vit_tiny_patch16_224.augreg_in21k_ft_in1k.safetensors";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  EXPECT_EQ(infer_vit_config(SafetensorsFile::read(path).tensors()), VitConfig());
}

}  // namespace
}  // namespace novelty
