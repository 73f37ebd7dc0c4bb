// SPDX-License-Identifier: Apache-2.0
// Contrastive fine-tuning: its loss, its gradient, repeating to the bit.
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
using testing::tiny_config;
using testing::TrainerState;

constexpr int kPictures = 10;  // twenty views: more than a graph has at once, no multiple of it
constexpr std::size_t kViews = 2 * kPictures;

class Contrast : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!backend_) GTEST_SKIP() << "this build has no LibTorch backend";
  }

  std::unique_ptr<ContrastTrainer> trainer(const VitWeights& weights, int threads = 2,
                                           const TensorMap& state = {}) const {
    return backend_->make_contrast_trainer(network_of(config_, weights), centre_, state, threads);
  }

  double step(ContrastTrainer& trainer, const StepOptions& options = {1e-3}) const {
    return trainer.step(views_, kPictures, options);
  }

  double loss_at(const VitWeights& weights) const { return step(*trainer(weights)); }

  // The [CLS] tokens of all views, by the engine.
  std::vector<float> cls_of_views() const {
    std::vector<float> tokens(kViews * kTinyPatches * kTinyWidth), attention(kViews * kTinyPatches),
        cls(kViews * kTinyWidth);
    backend_for("cpu")
        .make_teacher(network_of(config_, weights_), {1})
        ->features(views_, kViews, {tokens, attention, cls});
    return cls;
  }

  // The formula as it is written down.
  double expected_loss() const {
    const auto cls = cls_of_views();
    const auto likeness = [&](std::size_t a, std::size_t b) {
      double product = 0, first = 0, second = 0;
      for (std::size_t k = 0; k < kTinyWidth; ++k) {
        const double x = double{cls[a * kTinyWidth + k]} - centre_[k];
        const double y = double{cls[b * kTinyWidth + k]} - centre_[k];
        product += x * y, first += x * x, second += y * y;
      }
      return product / std::sqrt(first * second) / ContrastTrainer::kTemperature;
    };
    double loss = 0;
    for (std::size_t a = 0; a < kViews; ++a) {
      double sum = 0;
      for (std::size_t b = 0; b < kViews; ++b)
        if (a != b) sum += std::exp(likeness(a, b));
      loss += (std::log(sum) - likeness(a, (a + kPictures) % kViews)) / kViews;
    }
    return loss;
  }

  VitConfig config_ = tiny_config(2);
  // The two views of a picture are much alike.
  static std::vector<float> alike() {
    auto views = random_values(kViews * kTinyPatches * kTinyPatchValues, 7);
    const std::size_t half = views.size() / 2;
    for (std::size_t i = 0; i < half; ++i)
      views[half + i] = 0.8F * views[i] + 0.2F * views[half + i];
    return views;
  }

  VitWeights weights_ = init_untrained_teacher(config_, 5);
  const std::vector<float> views_ = alike();
  std::vector<float> centre_ = random_values(kTinyWidth, 8);
  const Backend* backend_ = testing::training_or_null();
};

TEST_F(Contrast, LossIsThatOfTheFormula) {
  EXPECT_NEAR(loss_at(weights_), expected_loss(), 1e-4);
}

TEST_F(Contrast, GradientEqualsTheFiniteDifference) {
  StepOptions options;
  options.beta1 = 0;
  options.max_gradient_norm = 0;
  const auto taught = trainer(weights_);
  step(*taught, options);
  testing::expect_gradients(
      state_of(*taught), weights_,
      {"patch_embed.proj.weight", "cls_token", "pos_embed", "blocks.0.attn.qkv.weight",
       "blocks.1.mlp.fc1.bias", "norm.bias"},
      [&](const VitWeights& weights) { return loss_at(weights); }, 0.03, 1e-4);
}

TEST_F(Contrast, LearnsRegistersToo) {
  config_.registers = 4;
  weights_["reg_token"] = random_values(4 * kTinyWidth, 9);
  EXPECT_NEAR(loss_at(weights_), expected_loss(), 1e-4);
  const auto taught = trainer(weights_);
  StepOptions options;
  options.beta1 = 0;
  options.max_gradient_norm = 0;
  step(*taught, options);
  const TrainerState state = state_of(*taught);
  EXPECT_NE(state.floats("network.reg_token"), weights_.at("reg_token"));
  testing::expect_gradients(
      state, weights_, {"reg_token"}, [&](const VitWeights& moved) { return loss_at(moved); }, 0.03,
      1e-4);
}

TEST_F(Contrast, HowManyThreadsSplitTheBatchChangesRoundingOnly) {
  const auto moments = [&](int threads) {
    const auto taught = trainer(weights_, threads);
    step(*taught);
    return state_of(*taught).floats("moment1.blocks.0.mlp.fc1.weight");
  };
  const auto one = moments(1);
  for (const int threads : {2, 3, 64}) {
    const auto more = moments(threads);
    double difference = 0, length = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
      difference += std::pow(double{one[i]} - more[i], 2);
      length += std::pow(double{one[i]}, 2);
    }
    EXPECT_LT(difference, 1e-8 * length) << threads;
  }
}

TEST_F(Contrast, LossGoesDown) {
  const auto cls = cls_of_views();
  std::fill(centre_.begin(), centre_.end(), 0.0F);
  for (std::size_t i = 0; i < cls.size(); ++i) centre_[i % kTinyWidth] += cls[i] / kViews;
  const auto taught = trainer(weights_);
  const double first = step(*taught);
  double last = first;
  for (int i = 0; i < 30; ++i) last = step(*taught);
  EXPECT_LT(last, 0.7 * first) << "from " << first;
}

TEST_F(Contrast, GoesOnFromItsStateToTheBit) {
  const auto whole = trainer(weights_);
  step(*whole);
  const TrainerState middle = state_of(*whole);
  step(*whole);
  const auto resumed = trainer(init_student(config_, 9), 2, middle.tensors);
  step(*resumed);
  EXPECT_EQ(state_of(*whole).bytes, state_of(*resumed).bytes);
}

TEST_F(Contrast, RefusesWhatHasNoContrast) {
  const auto taught = trainer(weights_);
  const std::size_t picture = kTinyPatches * kTinyPatchValues;
  EXPECT_THROW(taught->step(std::span(views_).first(2 * picture), 1, {}), Error);
  EXPECT_THROW(taught->step(std::span(views_).first(3 * picture), 2, {}), Error);
  EXPECT_THROW(backend_->make_contrast_trainer(network_of(config_, weights_),
                                               std::span(centre_).first(5), {}, 1),
               Error);
}

}  // namespace
}  // namespace novelty
