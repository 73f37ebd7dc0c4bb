// SPDX-License-Identifier: Apache-2.0
// How tokens are compared: norms and losses, several layers, and a head; in the engine, in the loss
// and in the teacher's targets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>

#include "base/rng.h"
#include "engine/backend.h"
#include "engine/network_pair.h"
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
using testing::random_values;

constexpr std::size_t kTokens = 1 + kTinyPatches;

TEST(TokenComparison, GivesTheDistancesByHand) {
  const std::vector<float> a{3, 4}, b{0, 2};
  std::vector<float> x(2), y(2);
  const auto distance = [&](TokenNorm norm, TokenLoss loss) {
    normalise_tokens(norm, false, 2, a, x);
    normalise_tokens(norm, true, 2, b, y);
    return token_distance({1, norm, loss}, x, y);
  };
  // Length: (0.6, 0.8) and (0, 1).
  EXPECT_NEAR(distance(TokenNorm::kLength, TokenLoss::kSquared), 0.4, 1e-6);
  EXPECT_NEAR(distance(TokenNorm::kLength, TokenLoss::kSmoothL1), 0.2, 1e-6);
  EXPECT_NEAR(distance(TokenNorm::kLength, TokenLoss::kCosine), 0.2, 1e-6);
  // Layer: (-1, 1) and (0, 2) as it is.
  EXPECT_NEAR(distance(TokenNorm::kLayer, TokenLoss::kSquared), 1, 1e-4);
  EXPECT_NEAR(distance(TokenNorm::kLayer, TokenLoss::kSmoothL1), 0.5, 1e-4);
  // None: differences of 3 and 2.
  EXPECT_NEAR(distance(TokenNorm::kNone, TokenLoss::kSquared), 6.5, 1e-6);
  EXPECT_NEAR(distance(TokenNorm::kNone, TokenLoss::kSmoothL1), (2.5 + 1.5) / 2, 1e-6);
  EXPECT_NEAR(distance(TokenNorm::kNone, TokenLoss::kCosine), 0.2, 1e-6);
}

TEST(TokenComparison, HasNames) {
  for (const char* name : {"l2", "layer", "none"}) EXPECT_EQ(name_of(token_norm_of(name)), name);
  for (const char* name : {"squared", "smooth-l1", "cosine"})
    EXPECT_EQ(name_of(token_loss_of(name)), name);
  EXPECT_THROW(token_norm_of("L2"), Error);
  EXPECT_THROW(token_loss_of(""), Error);
}

/// A way of comparing, and the student's width.
struct Way {
  TokenComparison comparison;
  int student_width = static_cast<int>(kTinyWidth);
};

class Comparing : public ::testing::TestWithParam<Way> {
 protected:
  Comparing() {
    student_config_.width = GetParam().student_width;
    student_config_.heads = student_config_.width / 64;
    student_weights_ = init_student(student_config_, 2);
    student_ = testing::network_of(student_config_, student_weights_);
    teacher_.comparison = student_.comparison = GetParam().comparison;
    if (!needs_head(student_.comparison, config_.width, student_config_.width)) return;
    const std::int64_t outputs = config_.width, inputs = student_config_.width;
    head_weight_ = init_linear(outputs, inputs, 9);
    head_bias_ = random_values(kTinyWidth, 10);
    student_.head = {{"weight", view_of(head_weight_, {outputs, inputs})},
                     {"bias", view_of(head_bias_, {outputs})}};
  }

  /// What comes after the final norm and the head, of block `layer` from the last one backwards;
  /// the network is cut off behind it.
  std::vector<float> tokens_of(const NetworkView& network, int layer) const {
    NetworkView cut = network;
    cut.config.depth -= layer;
    cut.comparison = {};
    std::vector<float> tokens(kTokens * static_cast<std::size_t>(network.config.width));
    cut.head = {};
    backend_for("cpu").make_teacher(cut, {1})->tokens(patches_, 1, tokens);
    if (network.head.empty()) return tokens;
    const auto width = static_cast<std::size_t>(network.config.width);
    std::vector<float> out;
    for (std::size_t row = 0; row < kTokens; ++row)
      for (std::size_t o = 0; o < kTinyWidth; ++o) {
        double sum = head_bias_[o];
        for (std::size_t i = 0; i < width; ++i)
          sum += double{head_weight_[o * width + i]} * tokens[row * width + i];
        out.push_back(static_cast<float>(sum));
      }
    return out;
  }

  /// Of each patch, by the definition.
  std::vector<double> expected() const {
    const TokenComparison& comparison = GetParam().comparison;
    std::vector<double> distances(kTinyPatches);
    for (int layer = 0; layer < comparison.layers; ++layer) {
      auto a = tokens_of(teacher_, layer), b = tokens_of(student_, layer);
      normalise_tokens(comparison.norm, false, kTinyWidth, a, a);
      normalise_tokens(comparison.norm, true, kTinyWidth, b, b);
      for (std::size_t i = 0; i < kTinyPatches; ++i) {
        const std::size_t first = (i + 1) * kTinyWidth;
        distances[i] += token_distance(comparison, std::span(a).subspan(first, kTinyWidth),
                                       std::span(b).subspan(first, kTinyWidth)) /
                        comparison.layers;
      }
    }
    return distances;
  }

  const VitConfig config_ = testing::tiny_config(3);
  VitConfig student_config_ = testing::tiny_config(3);
  const VitWeights teacher_weights_ = init_untrained_teacher(config_, 1);
  VitWeights student_weights_;
  NetworkView teacher_ = testing::network_of(config_, teacher_weights_);
  NetworkView student_;
  std::vector<float> head_weight_, head_bias_;
  const std::vector<float> patches_ = random_values(kTinyPatches * kTinyPatchValues, 3);
};

TEST_P(Comparing, IsWhatTheEngineDoesInEveryPrecisionAndWithEveryInstructionSet) {
  const auto wanted = expected();
  const double size = *std::max_element(wanted.begin(), wanted.end());
  for (const char* precision : {"fp32", "bf16"})
    for (const char* isa : {"plain", "avx2", "avx512", "amx"})
      for (const int threads : {1, 4}) {
        const auto engine = backend_for("cpu").make_engine(
            teacher_, student_, {.threads = threads, .precision = precision, .isa = isa});
        std::vector<float> found(kTinyPatches);
        engine->score(patches_, *engine->make_scratch(), found, {}, {});
        for (std::size_t i = 0; i < found.size(); ++i)
          EXPECT_NEAR(found[i], wanted[i], (precision == std::string("fp32") ? 1e-5 : 0.05) * size)
              << precision << " " << isa << ", patch " << i;
      }
}

TEST_P(Comparing, IsWhatTheTrainersLossIs) {
  const Backend* training = testing::training_or_null();
  if (!training) GTEST_SKIP() << "this build has no LibTorch backend";
  const TokenComparison& comparison = GetParam().comparison;
  std::vector<float> tokens(kTinyPatches * kTinyWidth), attention(kTinyPatches), cls(kTinyWidth);
  std::vector<float> targets(static_cast<std::size_t>(comparison.layers) * tokens.size());
  backend_for("cpu")
      .make_teacher(teacher_, {1})
      ->features(patches_, 1, {tokens, attention, cls, targets});
  std::vector<std::int64_t> all(kTinyPatches);
  std::iota(all.begin(), all.end(), 0);
  const auto wanted = expected();
  const double mean = std::accumulate(wanted.begin(), wanted.end(), 0.0) / kTinyPatches;
  const auto trainer = training->make_student_trainer(student_, {}, 1);
  StepOptions options;
  options.beta1 = 0;
  options.max_gradient_norm = 0;
  EXPECT_NEAR(trainer->step(patches_, targets, all, 1, options), mean, 1e-5 * std::max(mean, 1.0));
  const auto state = testing::state_of(*trainer);
  const auto after = training->make_student_trainer(student_, state.tensors, 1);
  options.learning_rate = 1e-3;
  EXPECT_EQ(after->step(patches_, targets, all, 1, options),
            trainer->step(patches_, targets, all, 1, options))
      << "a checkpoint holds all of it";
  if (student_.head.empty()) return;
  EXPECT_TRUE(state.tensors.contains("moment1.head.weight")) << "the head learns";
  bool exported = false;
  trainer->export_student([&](const std::string& name, const TensorView& tensor) {
    if (name != "head.weight") return;
    exported = true;
    EXPECT_NE(to_floats(tensor, name), head_weight_);
  });
  EXPECT_TRUE(exported);
}

INSTANTIATE_TEST_SUITE_P(Ways, Comparing,
                         ::testing::Values(Way{}, Way{{3, TokenNorm::kLength, TokenLoss::kSquared}},
                                           Way{{1, TokenNorm::kLayer, TokenLoss::kSquared}},
                                           Way{{2, TokenNorm::kLayer, TokenLoss::kSmoothL1}},
                                           Way{{2, TokenNorm::kNone, TokenLoss::kSquared}},
                                           Way{{1, TokenNorm::kNone, TokenLoss::kCosine}},
                                           Way{{1, TokenNorm::kLength, TokenLoss::kCosine}, 128},
                                           Way{{3, TokenNorm::kLayer, TokenLoss::kSquared}, 128}));

TEST(NetworkPair, RefusesWhatCannotBeCompared) {
  const VitConfig config = testing::tiny_config(2);
  const VitWeights weights = init_student(config, 1);
  NetworkView teacher = testing::network_of(config, weights), student = teacher;
  EXPECT_NO_THROW(check_pair(teacher, student, "m"));
  EXPECT_TRUE(is_plain(student));
  student.comparison.layers = 2;
  EXPECT_THROW(check_pair(teacher, student, "m"), Error) << "only one says so";
  teacher.comparison.layers = 2;
  EXPECT_NO_THROW(check_pair(teacher, student, "m"));
  EXPECT_FALSE(is_plain(student));
  teacher.comparison.layers = student.comparison.layers = 3;
  EXPECT_THROW(check_pair(teacher, student, "m"), Error) << "more than there are";
  teacher.comparison = student.comparison = {1, TokenNorm::kLayer, TokenLoss::kSquared};
  EXPECT_THROW(check_pair(teacher, student, "m"), Error) << "no head";
  const std::vector<float> values(64 * 64);
  student.head = {{"weight", view_of(values, {64, 64})},
                  {"bias", view_of(std::span(values).first(64), {64})}};
  EXPECT_NO_THROW(check_pair(teacher, student, "m"));
  student.head["weight"].shape = {32, 128};
  EXPECT_THROW(check_pair(teacher, student, "m"), Error);
}

}  // namespace
}  // namespace novelty
