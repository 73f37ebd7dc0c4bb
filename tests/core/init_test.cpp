// SPDX-License-Identifier: Apache-2.0
// Random weights: a pure function of configuration and seed, with the stated distributions.
#include "nn/init.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "novelty/error.h"
#include "test_network.h"

namespace novelty {
namespace {

using testing::tiny_config;

double deviation_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

TEST(Init, FillsEveryTensorOfTheArchitecture) {
  for (const auto& weights :
       {init_student(tiny_config(2), 1), init_untrained_teacher(tiny_config(2), 1)}) {
    const auto shapes = vit_tensor_shapes(tiny_config(2));
    ASSERT_EQ(weights.size(), shapes.size());
    for (const auto& [name, values] : weights) {
      EXPECT_EQ(static_cast<std::int64_t>(values.size()),
                view_of(values, shapes.at(name)).element_count())
          << name;
      for (const float value : values) ASSERT_TRUE(std::isfinite(value)) << name;
    }
  }
}

TEST(Init, IsAPureFunctionOfTheSeed) {
  EXPECT_EQ(init_student(tiny_config(), 7), init_student(tiny_config(), 7));
  EXPECT_NE(init_student(tiny_config(), 7), init_student(tiny_config(), 8));
}

TEST(Init, StudentAndTeacherOfOneSeedAreUnrelated) {
  const char* name = "blocks.0.attn.qkv.weight";
  const auto student = init_student(tiny_config(), 7).at(name);
  const auto teacher = init_untrained_teacher(tiny_config(), 7).at(name);
  double product = 0;
  for (std::size_t i = 0; i < student.size(); ++i) product += double{student[i]} * teacher[i];
  const double correlation = product / static_cast<double>(student.size()) /
                             (deviation_of(student) * deviation_of(teacher));
  EXPECT_LT(std::abs(correlation), 0.05);  // 12288 values: 5.5 standard errors
}

TEST(Init, PositionEmbeddingIsSineCosineOfColumnThenRow) {
  const auto embedding = init_student(tiny_config(), 1).at("pos_embed");
  const int width = 64;
  for (int k = 0; k < width; ++k) EXPECT_EQ(embedding[k], 0) << "[CLS] at " << k;
  // Patch 6 of a 4 x 4 grid: column 2, row 1. The second frequency of 16 is 10000^(-1/16).
  const float* row = &embedding[(1 + 6) * width];
  const double second = std::pow(10000.0, -1.0 / 16);
  EXPECT_FLOAT_EQ(row[0], static_cast<float>(std::sin(2.0)));
  EXPECT_FLOAT_EQ(row[1], static_cast<float>(std::sin(2.0 * second)));
  EXPECT_FLOAT_EQ(row[16], static_cast<float>(std::cos(2.0)));
  EXPECT_FLOAT_EQ(row[32], static_cast<float>(std::sin(1.0)));
  EXPECT_FLOAT_EQ(row[48 + 1], static_cast<float>(std::cos(second)));
}

TEST(Init, StudentLinearsAreXavierAndNormsAreIdentity) {
  const auto weights = init_student(tiny_config(), 1);
  // Variance 2 / (64 + 256); 16384 values: 1 % is more than 2 standard errors of the deviation.
  EXPECT_NEAR(deviation_of(weights.at("blocks.0.mlp.fc1.weight")), std::sqrt(2.0 / 320), 0.0015);
  EXPECT_EQ(deviation_of(weights.at("blocks.0.mlp.fc1.bias")), 0);
  const auto& norm = weights.at("blocks.0.norm1.weight");
  EXPECT_TRUE(std::all_of(norm.begin(), norm.end(), [](float value) { return value == 1; }));
}

TEST(Init, UntrainedTeacherDoesNotRespondToBrightness) {
  const auto weight = init_untrained_teacher(tiny_config(), 1).at("patch_embed.proj.weight");
  for (std::size_t begin = 0; begin < weight.size(); begin += 256) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + 256; ++i) sum += weight[i];
    ASSERT_NEAR(sum, 0, 1e-4) << "row and channel " << begin / 256;
  }
  EXPECT_NEAR(deviation_of(weight), 4 / std::sqrt(768.0), 0.003);
}

TEST(Init, UntrainedTeachersResidualBranchesShrinkWithDepth) {
  const auto weights = init_untrained_teacher(tiny_config(2), 1);
  EXPECT_NEAR(deviation_of(weights.at("blocks.1.mlp.fc1.weight")), 1 / std::sqrt(64.0), 0.003);
  EXPECT_NEAR(deviation_of(weights.at("blocks.1.mlp.fc2.weight")), 1 / std::sqrt(256.0 * 4), 0.001);
  EXPECT_NEAR(deviation_of(weights.at("pos_embed")), 0.1, 0.01);
}

TEST(Init, RefusesSizesThatCannotBe) {
  VitConfig config = tiny_config();
  config.depth = 0;
  EXPECT_THROW(init_student(config, 1), Error);
}

}  // namespace
}  // namespace novelty
