// SPDX-License-Identifier: Apache-2.0
// The LibTorch backend's student training: gradients, progress, and repeating to the bit.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>

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
using testing::training_or_null;

constexpr int kBatch = 3;
constexpr int kKept = 8;
constexpr std::size_t kPatches = kBatch * testing::kTinyPatches;

class StudentTrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!backend_) GTEST_SKIP() << "this build has no LibTorch backend";
    const VitWeights teacher = init_untrained_teacher(config_, 5);
    targets_.resize(kPatches * kTinyWidth);
    std::vector<float> attention(kPatches), cls(kBatch * kTinyWidth);
    backend_for("cpu")
        .make_teacher(network_of(config_, teacher), {1})
        ->features(patches_, kBatch, {targets_, attention, cls});
    for (int i = 0; i < kBatch * kKept; ++i) kept_.push_back(i % kKept * 2 + i / kKept % 2);
  }

  std::unique_ptr<StudentTrainer> trainer(const VitWeights& weights, int threads = 2,
                                          const TensorMap& state = {}) const {
    return backend_->make_student_trainer(network_of(config_, weights), state, threads);
  }

  double step(StudentTrainer& trainer, const StepOptions& options = {1e-3}) const {
    return trainer.step(patches_, targets_, kept_, kBatch, options);
  }

  double loss_at(const VitWeights& weights) const { return step(*trainer(weights)); }

  const VitConfig config_ = tiny_config(2);
  const VitWeights student_ = init_student(config_, 6);
  const std::vector<float> patches_ = random_values(kPatches * kTinyPatchValues, 7);
  std::vector<float> targets_;
  std::vector<std::int64_t> kept_;
  const Backend* backend_ = training_or_null();
};

TEST_F(StudentTrainerTest, LossIsTheDistanceOfTheEnginesTokensWhenNothingIsMasked) {
  const VitWeights teacher = init_untrained_teacher(config_, 5);
  const auto engine = backend_for("cpu").make_engine(network_of(config_, teacher),
                                                     network_of(config_, student_), {1});
  const auto scratch = engine->make_scratch();
  double expected = 0;
  constexpr std::size_t kImage = kTinyPatches * kTinyPatchValues;
  std::vector<std::int64_t> all(kPatches);
  for (std::size_t i = 0; i < kBatch; ++i) {
    std::vector<float> discrepancy(kTinyPatches);
    engine->score(std::span(patches_).subspan(i * kImage, kImage), *scratch, discrepancy, {}, {});
    for (const float value : discrepancy) expected += value / static_cast<double>(kPatches);
    std::iota(&all[i * kTinyPatches], &all[i * kTinyPatches] + kTinyPatches, 0);
  }
  EXPECT_NEAR(trainer(student_)->step(patches_, targets_, all, kBatch, {}), expected, 1e-5);
}

// The first moment after one step from zero is (1 - beta1) times the gradient.
TEST_F(StudentTrainerTest, GradientEqualsTheFiniteDifference) {
  StepOptions options;
  options.beta1 = 0;
  options.max_gradient_norm = 0;
  const auto taught = trainer(student_);
  step(*taught, options);
  // Float32 losses of about 2 give 1e-6; curvature is of third order in a step of 0.02.
  testing::expect_gradients(
      state_of(*taught), student_,
      {"patch_embed.proj.weight", "cls_token", "blocks.0.attn.qkv.weight", "blocks.0.attn.qkv.bias",
       "blocks.1.attn.proj.weight", "blocks.1.mlp.fc1.bias", "blocks.1.norm2.weight", "norm.bias"},
      [&](const VitWeights& weights) { return loss_at(weights); }, 0.02, 5e-5);
}

TEST_F(StudentTrainerTest, GradientsAreScaledDownToTheLargestNorm) {
  StepOptions options;
  options.beta1 = 0;
  const auto norm_with = [&](double limit) {
    options.max_gradient_norm = limit;
    const auto taught = trainer(student_);
    step(*taught, options);
    const TrainerState state = state_of(*taught);
    double square = 0;
    for (const auto& [name, tensor] : state.tensors) {
      if (!name.starts_with("moment1.")) continue;
      for (const float value : to_floats(tensor, name)) square += double{value} * value;
    }
    return std::sqrt(square);
  };
  const double whole = norm_with(0);
  EXPECT_NEAR(norm_with(0.5 * whole), 0.5 * whole, 1e-4 * whole);
  EXPECT_EQ(norm_with(2 * whole), whole);
}

TEST_F(StudentTrainerTest, LossGoesDown) {
  const auto taught = trainer(student_);
  const double first = step(*taught);
  double last = first;
  for (int i = 1; i < 30; ++i) last = step(*taught);
  EXPECT_LT(last, 0.7 * first) << "from " << first;
}

TEST_F(StudentTrainerTest, PositionEmbeddingIsNotTrained) {
  const auto taught = trainer(student_);
  step(*taught);
  TrainerState student;
  taught->export_student(student.sink());
  EXPECT_EQ(student.tensors.size(), student_.size());
  for (const auto& [name, before] : student_) {
    EXPECT_EQ(student.floats(name) == before, name == "pos_embed") << name;
  }
}

TEST_F(StudentTrainerTest, WeightDecayPullsOnLinearWeightsOnly) {
  StepOptions with, without;
  with.learning_rate = without.learning_rate = 1e-3;
  with.weight_decay = 0.5;
  without.weight_decay = 0;
  const auto a = trainer(student_), b = trainer(student_);
  step(*a, with);
  step(*b, without);
  const TrainerState decayed = state_of(*a), plain = state_of(*b);
  for (const auto& [name, before] : student_) {
    const bool linear = before.size() > 1000 && name != "pos_embed";
    EXPECT_EQ(decayed.bytes.at("student." + name) != plain.bytes.at("student." + name), linear)
        << name;
  }
  const char* name = "student.blocks.0.mlp.fc1.weight";
  const float before = student_.at("blocks.0.mlp.fc1.weight")[0];
  EXPECT_NEAR(decayed.floats(name)[0], plain.floats(name)[0] - 1e-3 * 0.5 * before, 1e-7);
}

TEST_F(StudentTrainerTest, TwoRunsAreEqualToTheBit) {
  for (const int threads : {1, 2}) {
    const auto a = trainer(student_, threads), b = trainer(student_, threads);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(step(*a), step(*b));
    EXPECT_EQ(state_of(*a).bytes, state_of(*b).bytes) << threads << " threads";
  }
}

TEST_F(StudentTrainerTest, ResumesToTheBit) {
  const auto straight = trainer(student_);
  for (int i = 0; i < 10; ++i) step(*straight);

  const auto first = trainer(student_);
  for (int i = 0; i < 5; ++i) step(*first);
  const TrainerState halfway = state_of(*first);
  const auto second = trainer(init_student(config_, 99), 2, halfway.tensors);
  for (int i = 0; i < 5; ++i) step(*second);

  EXPECT_EQ(state_of(*second).bytes, state_of(*straight).bytes);
}

TEST_F(StudentTrainerTest, MoreThreadsThanImagesIsFine) {
  const auto narrow = trainer(student_, 1), wide = trainer(student_, 5);
  EXPECT_NEAR(step(*narrow), step(*wide), 1e-5);
  EXPECT_NEAR(step(*narrow), step(*wide), 1e-4);
}

TEST_F(StudentTrainerTest, ALossThatIsNotFiniteIsAnErrorAndChangesNothing) {
  const auto taught = trainer(student_);
  const TrainerState before = state_of(*taught);
  std::vector<float> broken = targets_;
  broken[0] = NAN;
  EXPECT_THROW(taught->step(patches_, broken, kept_, kBatch, {}), Error);
  EXPECT_EQ(state_of(*taught).bytes, before.bytes);
}

TEST_F(StudentTrainerTest, RefusesWhatDoesNotFit) {
  const auto taught = trainer(student_);
  const std::span<const float> patches(patches_), targets(targets_);
  const std::span<const std::int64_t> kept(kept_);
  EXPECT_THROW(taught->step(patches.first(5), targets, kept, kBatch, {}), Error);
  EXPECT_THROW(taught->step(patches, targets.first(5), kept, kBatch, {}), Error);
  EXPECT_THROW(taught->step(patches, targets, kept.first(5), kBatch, {}), Error);
  EXPECT_THROW(taught->step(patches, targets, {}, kBatch, {}), Error);
  EXPECT_THROW(taught->step(patches, targets, kept, 0, {}), Error);
  std::vector<std::int64_t> outside(kept_);
  outside[2] = 16;
  EXPECT_THROW(taught->step(patches, targets, outside, kBatch, {}), Error);
}

TEST_F(StudentTrainerTest, RefusesAStateThatLacksSomething) {
  const auto taught = trainer(student_);
  step(*taught);
  const TrainerState state = state_of(*taught);
  for (const char* name : {"step", "student.norm.bias", "moment2.norm.bias"}) {
    TensorMap lacking = state.tensors;
    lacking.erase(name);
    EXPECT_THROW(trainer(student_, 1, lacking), Error) << name;
  }
}

}  // namespace
}  // namespace novelty
