// SPDX-License-Identifier: Apache-2.0
// Dense fine-tuning: what changes, whose targets a crop gets, repeating to the bit.
#include <gtest/gtest.h>

#include <algorithm>
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
using testing::kTinyWidth;
using testing::network_of;
using testing::random_values;
using testing::state_of;
using testing::TrainerState;

constexpr int kBatch = 3, kCrops = 2;
constexpr std::size_t kTokens = (1 + kTinyPatches) * kTinyWidth;

class Defend : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!backend_) GTEST_SKIP() << "this build has no LibTorch backend";
    const auto first = trainer();
    grid_ = static_cast<std::size_t>(first->crop_grid());
    whole_.resize(kBatch * kTokens);
    first->frozen(pictures_, kBatch, whole_);
    crops_ = random_values(kBatch * kCrops * grid_ * grid_ * kTinyPatchValues, 8);
  }

  std::unique_ptr<DefendTrainer> trainer(int threads = 2, const TensorMap& state = {}) const {
    return backend_->make_defend_trainer(network_of(config_, weights_), options_, state, threads);
  }

  DefendMeasures step(DefendTrainer& trainer, double rate = 1e-3) const {
    StepOptions options;
    options.learning_rate = rate;
    return trainer.step(whole_, crops_, boxes_, kBatch, options);
  }

  // Three blocks: the first does not change.
  const VitConfig config_ = testing::tiny_config(3);
  const VitWeights weights_ = init_untrained_teacher(config_, 5);
  const std::vector<float> pictures_ = random_values(kBatch * kTinyPatches * kTinyPatchValues, 7);
  DefendOptions options_{.hard_targets = true};
  std::vector<Box> boxes_{{0, 0, 0.5F, 0.5F}, {0.5F, 0.5F, 1, 1},       {0, 0.5F, 0.5F, 1},
                          {0.5F, 0, 1, 0.5F}, {0.2F, 0.2F, 0.8F, 0.7F}, {0.1F, 0, 0.6F, 0.5F}};
  std::size_t grid_ = 0;
  std::vector<float> whole_, crops_;
  const Backend* backend_ = testing::training_or_null();
};

TEST_F(Defend, CropsAreOf96PixelsOrTheWholeGrid) {
  EXPECT_EQ(grid_, 4U);  // all of 64 pixels
  const VitConfig usual;
  const VitWeights weights = init_untrained_teacher(usual, 1);
  EXPECT_EQ(backend_->make_defend_trainer(network_of(usual, weights), options_, {}, 1)->crop_grid(),
            6);
}

// The frozen blocks and those that learn, before they have, are the teacher.
TEST_F(Defend, FrozenTokensAreThoseBeforeTheLastTwoBlocks) {
  VitConfig one = config_;
  one.depth = 1;
  VitWeights first = weights_;
  std::erase_if(first, [](const auto& tensor) {
    return tensor.first.starts_with("blocks.1.") || tensor.first.starts_with("blocks.2.");
  });
  std::fill(first["norm.weight"].begin(), first["norm.weight"].end(), 1.0F);
  std::fill(first["norm.bias"].begin(), first["norm.bias"].end(), 0.0F);
  std::vector<float> expected(kBatch * kTokens);
  backend_for("cpu").make_teacher(network_of(one, first), {1})->tokens(pictures_, kBatch, expected);
  for (std::size_t row = 0; row < expected.size(); row += kTinyWidth) {
    double mean = 0, square = 0;
    for (std::size_t k = 0; k < kTinyWidth; ++k) mean += double{whole_[row + k]} / kTinyWidth;
    for (std::size_t k = 0; k < kTinyWidth; ++k)
      square += std::pow(double{whole_[row + k]} - mean, 2) / kTinyWidth;
    for (std::size_t k = 0; k < kTinyWidth; ++k)
      ASSERT_NEAR((double{whole_[row + k]} - mean) / std::sqrt(square + 1e-6), expected[row + k],
                  1e-3);
  }
}

// Registers reach the blocks that learn, and do not change.
TEST_F(Defend, RegistersTakePart) {
  VitConfig config = config_;
  config.registers = 4;
  VitWeights weights = weights_;
  const std::size_t values = 4 * kTinyWidth, picture = kTokens + values;
  weights["reg_token"] = random_values(values, 9);
  const auto taught = backend_->make_defend_trainer(network_of(config, weights), options_, {}, 2);
  std::vector<float> whole(kBatch * picture);
  taught->frozen(pictures_, kBatch, whole);
  StepOptions none;
  none.learning_rate = 0;
  const auto loss_of = [&](const std::vector<float>& tokens) {
    return backend_->make_defend_trainer(network_of(config, weights), options_, {}, 2)
        ->step(tokens, crops_, boxes_, kBatch, none)
        .loss;
  };
  const double loss = loss_of(whole);
  EXPECT_TRUE(std::isfinite(loss));
  std::vector<float> other = whole;
  for (std::size_t i = 0; i < kBatch; ++i)
    std::fill_n(other.begin() + static_cast<std::ptrdiff_t>(i * picture + kTokens), values, 0.0F);
  EXPECT_NE(loss_of(other), loss) << "the registers are behind the patches, and are attended to";
  EXPECT_NE(step(*trainer()).loss, loss);
  EXPECT_FALSE(state_of(*taught).tensors.contains("network.reg_token"));
  EXPECT_THROW(step(*taught), Error) << "whole pictures lack their registers";
}

TEST_F(Defend, OnlyTheLastTwoBlocksAndTheNormChange) {
  const auto taught = trainer();
  step(*taught);
  const TrainerState state = state_of(*taught);
  std::size_t changed = 0;
  for (const auto& [name, before] : weights_) {
    const bool learns =
        name.starts_with("blocks.1.") || name.starts_with("blocks.2.") || name.starts_with("norm.");
    EXPECT_EQ(state.tensors.contains("network." + name), learns) << name;
    if (!learns) continue;
    EXPECT_NE(state.floats("network." + name), before) << name;
    ++changed;
  }
  EXPECT_EQ(changed, 2U * 12 + 2);
}

TEST_F(Defend, TheNetworkLearnsATenthAsFast) {
  const auto taught = trainer();
  step(*taught, 1e-3);  // the first step of AdamW moves every value by the rate
  const TrainerState state = state_of(*taught);
  const auto bias = state.floats("network.blocks.2.mlp.fc2.bias");
  for (std::size_t i = 0; i < bias.size(); ++i)
    EXPECT_NEAR(std::abs(bias[i] - weights_.at("blocks.2.mlp.fc2.bias")[i]), 1e-4, 2e-5);
  const auto head = state.floats("network.head.2.bias");
  for (const float value : head) EXPECT_NEAR(std::abs(value), 1e-3, 2e-4);
}

TEST_F(Defend, LossStartsNearThatOfChanceAndFalls) {
  boxes_.assign(boxes_.size(), {0, 0, 1, 1});
  crops_.clear();  // each is its whole picture
  for (std::size_t i = 0; i < kBatch * kCrops; ++i) {
    const auto picture = std::span(pictures_).subspan(i / kCrops * kTinyPatches * kTinyPatchValues,
                                                      kTinyPatches * kTinyPatchValues);
    crops_.insert(crops_.end(), picture.begin(), picture.end());
  }
  const auto taught = trainer();
  const DefendMeasures first = step(*taught);
  EXPECT_GT(first.loss, 0.5 * std::log(5));
  EXPECT_LT(first.loss, 3 * std::log(5));
  DefendMeasures last;
  for (int i = 0; i < 40; ++i) last = step(*taught);
  EXPECT_LT(last.loss, 0.8 * std::log(5));
  EXPECT_GE(last.in_use, 2);
  EXPECT_LE(last.in_use, 5);
}

// Targets are of the crop's own picture and place: pictures in another order, with their crops and
// boxes, give the same loss; crops that trade places do not.
TEST_F(Defend, EachCropGetsTheTargetsOfItsPictureAndPlace) {
  const double before = step(*trainer()).loss;
  const auto rotate = [](auto& values) {
    std::rotate(values.begin(),
                values.begin() + static_cast<std::ptrdiff_t>(values.size() / kBatch), values.end());
  };
  rotate(whole_);
  rotate(crops_);
  rotate(boxes_);
  EXPECT_NEAR(step(*trainer()).loss, before, 1e-5);
  rotate(boxes_);
  EXPECT_GT(std::abs(step(*trainer()).loss - before), 1e-3);
}

TEST_F(Defend, SoftTargetsAreOtherTargets) {
  const double hard = step(*trainer()).loss;
  options_.hard_targets = false;
  EXPECT_GT(std::abs(step(*trainer()).loss - hard), 1e-3);
}

TEST_F(Defend, ThreadsChangeRoundingOnly) {
  EXPECT_NEAR(step(*trainer(1)).loss, step(*trainer(3)).loss, 1e-5);
  EXPECT_EQ(step(*trainer(1)).in_use, step(*trainer(64)).in_use);
}

TEST_F(Defend, GoesOnFromItsStateToTheBit) {
  const auto whole = trainer();
  step(*whole);
  const TrainerState middle = state_of(*whole);
  step(*whole);
  options_.seed = 99;  // of no use any more
  const auto resumed = trainer(2, middle.tensors);
  step(*resumed);
  EXPECT_EQ(state_of(*whole).bytes, state_of(*resumed).bytes);
}

TEST_F(Defend, RefusesWhatDoesNotFit) {
  const auto taught = trainer();
  EXPECT_THROW(taught->step(whole_, crops_, std::span(boxes_).first(5), kBatch, {}), Error);
  EXPECT_THROW(taught->step(whole_, std::span(crops_).first(7), boxes_, kBatch, {}), Error);
  EXPECT_THROW(taught->step(whole_, crops_, boxes_, 0, {}), Error);
  options_.prototypes = 1;
  EXPECT_THROW(trainer(), Error);
}

}  // namespace
}  // namespace novelty
