// SPDX-License-Identifier: Apache-2.0
// The LibTorch backend's training of compact networks: what is learnt, the head, repeating to the
// bit.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "engine/backend.h"
#include "nn/init.h"
#include "novelty/error.h"
#include "test_backend.h"
#include "test_network.h"
#include "trainer_state.h"

namespace novelty {
namespace {

using testing::kTinyPatches;
using testing::kTinyPatchValues;
using testing::network_of;
using testing::random_values;
using testing::tiny_config;
using testing::TrainerState;
using testing::training_or_null;

constexpr int kBatch = 3;

double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return sum;
}

class CompactTrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!backend_) GTEST_SKIP() << "this build has no LibTorch backend";
    features_of(teacher_config_, teacher_, tokens_, attention_, cls_);
  }

  void features_of(const VitConfig& config, const VitWeights& weights, std::vector<float>& tokens,
                   std::vector<float>& attention, std::vector<float>& cls) const {
    tokens.resize(kBatch * kTinyPatches * static_cast<std::size_t>(config.width));
    attention.resize(kBatch * kTinyPatches);
    cls.resize(kBatch * static_cast<std::size_t>(config.width));
    backend_for("cpu")
        .make_teacher(network_of(config, weights), {1})
        ->features(patches_, kBatch, {tokens, attention, cls});
  }

  std::unique_ptr<CompactTrainer> trainer(const VitConfig& config, const VitWeights& weights,
                                          int threads = 2, const TensorMap& state = {}) const {
    return backend_->make_compact_trainer(network_of(config, weights), teacher_config_.width, 3,
                                          state, threads);
  }

  CompactLosses step(CompactTrainer& trainer, double rate = 2e-3) const {
    StepOptions options;
    options.learning_rate = rate;
    return trainer.step(patches_, {tokens_, attention_, cls_}, kBatch, options);
  }

  static VitConfig wide_config() {
    VitConfig config = tiny_config(1);
    config.width = 128;
    config.heads = 2;
    config.mlp_width = 256;
    return config;
  }

  const VitConfig teacher_config_ = tiny_config(2);
  const VitWeights teacher_ = init_untrained_teacher(teacher_config_, 5);
  const VitConfig config_ = tiny_config(1);
  const VitWeights network_ = init_student(config_, 6);
  const std::vector<float> patches_ = random_values(kBatch * kTinyPatches * kTinyPatchValues, 7);
  std::vector<float> tokens_, attention_, cls_;
  const Backend* backend_ = training_or_null();
};

TEST_F(CompactTrainerTest, TheTeacherItselfHasNoLoss) {
  const CompactLosses losses = step(*trainer(teacher_config_, teacher_));
  EXPECT_NEAR(losses.tokens, 0, 1e-9);
  EXPECT_NEAR(losses.cls, 0, 1e-9);
  EXPECT_NEAR(losses.attention, 0, 1e-6);
}

TEST_F(CompactTrainerTest, LossesAreThoseOfTheNetworksOwnFeatures) {
  std::vector<float> tokens, attention, cls;
  features_of(config_, network_, tokens, attention, cls);
  CompactLosses expected;
  expected.tokens = squared_distance(tokens, tokens_) / (kBatch * kTinyPatches);
  expected.cls = squared_distance(cls, cls_) / kBatch;
  for (std::size_t image = 0; image < kBatch; ++image) {
    double wanted = 0, given = 0;
    for (std::size_t i = image * kTinyPatches; i < (image + 1) * kTinyPatches; ++i)
      wanted += attention_[i], given += attention[i];
    for (std::size_t i = image * kTinyPatches; i < (image + 1) * kTinyPatches; ++i)
      expected.attention += attention_[i] / wanted *
                            std::log(attention_[i] / wanted / (attention[i] / given)) / kBatch;
  }
  const CompactLosses losses = step(*trainer(config_, network_));
  EXPECT_NEAR(losses.tokens, expected.tokens, 1e-5);
  EXPECT_NEAR(losses.cls, expected.cls, 1e-5);
  EXPECT_NEAR(losses.attention, expected.attention, 1e-5);
  EXPECT_GT(expected.attention, 1e-5) << "the networks attend alike: nothing is tested";
}

TEST_F(CompactTrainerTest, LearnsTokensClsAndAttention) {
  const auto taught = trainer(config_, network_);
  const CompactLosses first = step(*taught);
  CompactLosses last;
  for (int i = 0; i < 150; ++i) last = step(*taught);
  EXPECT_LT(last.tokens, 0.7 * first.tokens);
  EXPECT_LT(last.cls, 0.7 * first.cls);
  EXPECT_LT(last.attention, first.attention);
}

TEST_F(CompactTrainerTest, AnotherWidthLearnsThroughAHeadThatIsDropped) {
  const VitConfig wide = wide_config();
  const auto taught = trainer(wide, init_student(wide, 6));
  const double first = step(*taught).tokens;
  double last = first;
  for (int i = 0; i < 40; ++i) last = step(*taught).tokens;
  EXPECT_LT(last, 0.8 * first);
  TrainerState network, state;
  taught->export_network(network.sink());
  taught->export_state(state.sink());
  EXPECT_EQ(infer_vit_config(network.tensors), wide);
  EXPECT_TRUE(state.tensors.contains("network.head.weight"));
}

TEST_F(CompactTrainerTest, GoesOnFromItsStateToTheBit) {
  for (const VitConfig& config : {config_, wide_config()}) {
    const VitWeights start = init_student(config, 6);
    const auto whole = trainer(config, start);
    step(*whole);
    TrainerState middle, one, two;
    whole->export_state(middle.sink());
    const auto resumed = trainer(config, start, 2, middle.tensors);
    step(*whole);
    step(*resumed);
    whole->export_state(one.sink());
    resumed->export_state(two.sink());
    EXPECT_EQ(one.bytes, two.bytes) << config.width;
  }
}

TEST_F(CompactTrainerTest, RefusesTargetsOfAnotherSize) {
  const auto taught = trainer(config_, network_);
  tokens_.pop_back();
  EXPECT_THROW(step(*taught), Error);
}

}  // namespace
}  // namespace novelty
