// SPDX-License-Identifier: Apache-2.0
// Teacher and engine on the CPU: against the golden tokens, and against each other.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "base/rng.h"
#include "base/safetensors.h"
#include "engine/backend.h"
#include "nn/init.h"
#include "novelty/error.h"
#include "test_backend.h"
#include "test_network.h"

namespace novelty {
namespace {

using testing::kTinyPatches;
using testing::kTinyPatchValues;
using testing::kTinyWidth;
using testing::network_of;
using testing::random_values;
using testing::tiny_config;

// Float32 against float64 through 12 blocks, with tokens of up to 27; measured: 2.7e-4 and < 1e-6.
constexpr double kTokenTolerance = 1e-3;
constexpr double kAttentionTolerance = 1e-5;

struct Features {
  std::vector<float> tokens, attention, cls;
};

Features features_of(Teacher& teacher, const VitConfig& config, std::span<const float> patches,
                     int batch) {
  Features out;
  const std::int64_t count = std::int64_t{batch} * config.patch_count();
  out.tokens.resize(static_cast<std::size_t>(count * config.width));
  out.attention.resize(static_cast<std::size_t>(count));
  out.cls.resize(static_cast<std::size_t>(batch) * config.width);
  teacher.features(patches, batch, {out.tokens, out.attention, out.cls});
  return out;
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const double difference = std::abs(double{a[i]} - b[i]);
    if (!(difference <= largest)) largest = difference;  // also a NaN
  }
  return largest;
}

// uint8 [n, size, size, 3] to [n, patches, 3 * patch * patch] in [0, 1], channel-major.
std::vector<float> patches_of(const TensorView& images, int patch) {
  const auto n = images.shape[0], size = images.shape[1], grid = size / patch;
  std::vector<float> out;
  for (std::int64_t i = 0; i < n * grid * grid; ++i) {
    const auto image = i / (grid * grid), row = i / grid % grid, column = i % grid;
    for (int v = 0; v < 3 * patch * patch; ++v) {
      const std::int64_t c = v / (patch * patch), y = row * patch + v / patch % patch;
      const auto x = column * patch + v % patch;
      const auto byte =
          images.data[static_cast<std::size_t>(((image * size + y) * size + x) * 3 + c)];
      out.push_back(static_cast<float>(std::to_integer<int>(byte)) / 255.0F);
    }
  }
  return out;
}

class EngineTest : public ::testing::Test {
 protected:
  const VitConfig config_ = tiny_config(2);
  const VitWeights teacher_weights_ = init_untrained_teacher(config_, 1);
  const VitWeights student_weights_ = init_student(config_, 2);
  const NetworkView teacher_ = network_of(config_, teacher_weights_);
  const NetworkView student_ = network_of(config_, student_weights_);
  const std::vector<float> patches_ = random_values(kTinyPatches * kTinyPatchValues, 3);
  const Backend* backend_ = &backend_for("cpu");

  std::vector<float> score(const Engine& engine) const {
    std::vector<float> discrepancy(kTinyPatches);
    engine.score(patches_, *engine.make_scratch(), discrepancy, {}, {});
    return discrepancy;
  }
};

TEST_F(EngineTest, TeacherEqualsTheGoldenTokensOfAViTTiny) {
  const std::string shared = std::string(std::getenv("NOVELTY_SOURCE_ROOT")) + "/../shared/";
  const std::string golden_path = shared + "golden/vit_tiny_two_images.safetensors";
  const std::string weights_path =
      shared + "weights/vit_tiny_patch16_224.augreg_in21k_ft_in1k.safetensors";
  if (!std::filesystem::exists(golden_path) || !std::filesystem::exists(weights_path)) {
    GTEST_SKIP() << "no golden data in ../shared";
  }
  const auto golden = SafetensorsFile::read(golden_path);
  const auto weights = SafetensorsFile::read(weights_path);
  const NetworkView network{infer_vit_config(weights.tensors()), weights.tensors()};
  const auto patches = patches_of(golden.at("image_u8_nhwc"), network.config.patch_size);
  const auto teacher = backend_->make_teacher(network, {2});

  const auto expected_tokens = to_floats(golden.at("tokens"), "tokens");
  std::vector<float> tokens(expected_tokens.size());
  teacher->tokens(patches, 2, tokens);
  const double token_error = largest_difference(tokens, expected_tokens);
  EXPECT_LE(token_error, kTokenTolerance);

  const auto features = features_of(*teacher, network.config, patches, 2);
  const double attention_error = largest_difference(
      features.attention, to_floats(golden.at("cls_attention"), "cls_attention"));
  EXPECT_LE(attention_error, kAttentionTolerance);
  RecordProperty("largest_token_error", std::to_string(token_error));
  RecordProperty("largest_attention_error", std::to_string(attention_error));
}

TEST_F(EngineTest, TeacherFeaturesAreUnitTokensAndAShareOfAttention) {
  const auto teacher = backend_->make_teacher(teacher_, {1});
  const auto features = features_of(*teacher, config_, patches_, 1);
  double attention = 0;
  for (std::size_t i = 0; i < kTinyPatches; ++i) {
    double square = 0;
    for (std::size_t k = 0; k < kTinyWidth; ++k) {
      square += std::pow(features.tokens[i * kTinyWidth + k], 2);
    }
    EXPECT_NEAR(square, 1, 1e-5);
    EXPECT_GT(features.attention[i], 0);
    attention += features.attention[i];
  }
  EXPECT_LT(attention, 1);  // [CLS] itself has the rest
}

TEST_F(EngineTest, TeacherFeaturesDoNotDependOnBatchOrThreads) {
  std::vector<float> three;
  for (int i = 0; i < 3; ++i) {
    const auto image = i == 1 ? patches_ : random_values(patches_.size(), 10 + i);
    three.insert(three.end(), image.begin(), image.end());
  }
  const auto alone = features_of(*backend_->make_teacher(teacher_, {1}), config_, patches_, 1);
  const auto batch = features_of(*backend_->make_teacher(teacher_, {2}), config_, three, 3);
  const std::span<const float> tokens(batch.tokens), attention(batch.attention);
  EXPECT_EQ(
      largest_difference(alone.tokens, tokens.subspan(alone.tokens.size(), alone.tokens.size())),
      0);
  EXPECT_EQ(largest_difference(alone.attention,
                               attention.subspan(alone.attention.size(), alone.attention.size())),
            0);
}

TEST_F(EngineTest, DiscrepancyIsTheSquaredDistanceOfTheUnitTokens) {
  const auto a = features_of(*backend_->make_teacher(teacher_, {1}), config_, patches_, 1);
  const auto b = features_of(*backend_->make_teacher(student_, {1}), config_, patches_, 1);
  const auto discrepancy = score(*backend_->make_engine(teacher_, student_, {2}));
  for (std::size_t i = 0; i < discrepancy.size(); ++i) {
    double expected = 0;
    for (std::size_t k = i * kTinyWidth; k < (i + 1) * kTinyWidth; ++k) {
      expected += std::pow(a.tokens[k] - b.tokens[k], 2);
    }
    EXPECT_GT(expected, 0.1);
    EXPECT_NEAR(discrepancy[i], expected, 1e-5) << "patch " << i;
  }
}

TEST_F(EngineTest, EqualNetworksDoNotDiffer) {
  for (const float value : score(*backend_->make_engine(teacher_, teacher_, {2}))) {
    EXPECT_NEAR(value, 0, 1e-6);
  }
}

TEST_F(EngineTest, InputNormalisationIsEachNetworksOwn) {
  // x -> 2x - 1 in the normalisation equals weights twice as large and a bias less their sum.
  VitWeights moved = teacher_weights_;
  auto& weight = moved["patch_embed.proj.weight"];
  auto& bias = moved["patch_embed.proj.bias"];
  for (std::size_t i = 0; i < weight.size(); ++i) {
    bias[i / kTinyPatchValues] -= weight[i];
    weight[i] *= 2;
  }
  NetworkView plain = network_of(config_, moved);
  plain.mean = {0, 0, 0};
  plain.std = {1, 1, 1};
  for (const float value : score(*backend_->make_engine(teacher_, plain, {2}))) {
    EXPECT_NEAR(value, 0, 1e-6);
  }
}

TEST_F(EngineTest, ScoresRepeatToTheBit) {
  const auto expected = score(*backend_->make_engine(teacher_, student_, {2}));
  const auto two_threads = backend_->make_engine(teacher_, student_, {2});
  EXPECT_EQ(score(*two_threads), expected);
  EXPECT_EQ(score(*two_threads), expected);
  EXPECT_EQ(score(*backend_->make_engine(teacher_, student_, {1})), expected);
}

TEST_F(EngineTest, IsSharedByThreadsWithAScratchEach) {
  const auto engine = backend_->make_engine(teacher_, student_, {1});
  const auto expected = score(*engine);
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> threads;
  threads.reserve(results.size());
  for (auto& result : results) threads.emplace_back([&] { result = score(*engine); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

TEST_F(EngineTest, TensorsAreOnlyReadWhileItIsMade) {
  VitWeights weights = student_weights_;
  const auto engine = backend_->make_engine(teacher_, network_of(config_, weights), {1});
  const auto expected = score(*engine);
  for (auto& [name, values] : weights) std::fill(values.begin(), values.end(), NAN);
  EXPECT_EQ(score(*engine), expected);
}

TEST_F(EngineTest, RefusesWhatDoesNotFit) {
  NetworkView broken = student_;
  broken.tensors.erase("norm.weight");
  EXPECT_THROW(backend_->make_engine(teacher_, broken, {1}), Error);
  VitWeights weights = student_weights_;
  weights["norm.weight"][3] = NAN;
  EXPECT_THROW(backend_->make_engine(teacher_, network_of(config_, weights), {1}), Error);
  VitConfig other = config_;
  other.input_size = 32;
  const VitWeights other_weights = init_student(other, 1);
  EXPECT_THROW(backend_->make_engine(teacher_, network_of(other, other_weights), {1}), Error);
  EXPECT_THROW(backend_->make_engine(teacher_, student_, {0}), Error);
  const auto engine = backend_->make_engine(teacher_, student_, {1});
  std::vector<float> too_few(3);
  EXPECT_THROW(engine->score(patches_, *engine->make_scratch(), too_few, {}, {}), Error);
}

TEST_F(EngineTest, HandsOutTheTeachersTokens) {
  const std::size_t size = kTinyPatches * static_cast<std::size_t>(config_.width);
  const auto width = static_cast<std::size_t>(config_.width);
  std::vector<float> discrepancy(kTinyPatches), attention(kTinyPatches), tokens(size), wanted(size);
  std::vector<float> cls(width), wanted_cls(width), all(size + width);
  const auto engine = backend_->make_engine(teacher_, student_, {1});
  engine->score(patches_, *engine->make_scratch(), discrepancy, tokens, cls);
  const auto teacher = backend_->make_teacher(teacher_, {1});
  teacher->features(patches_, 1, {wanted, attention, wanted_cls});
  teacher->tokens(patches_, 1, all);
  for (std::size_t i = 0; i < size; ++i) EXPECT_NEAR(tokens[i], wanted[i], 1e-5);
  double square = 0;
  for (std::size_t i = 0; i < width; ++i) square += double{all[i]} * all[i];
  for (std::size_t i = 0; i < width; ++i) {
    EXPECT_NEAR(cls[i], all[i] / std::sqrt(square), 1e-5);
    EXPECT_NEAR(wanted_cls[i], cls[i], 1e-5);
  }
  EXPECT_EQ(discrepancy, score(*engine));
  EXPECT_THROW(engine->score(patches_, *engine->make_scratch(), discrepancy, attention, {}), Error);
  EXPECT_THROW(engine->score(patches_, *engine->make_scratch(), discrepancy, {}, tokens), Error);
}

TEST_F(EngineTest, ValuesThatOverflowAreAnError) {
  VitWeights weights = student_weights_;
  for (auto& value : weights["norm.weight"]) value = 3e38F;
  const auto engine = backend_->make_engine(teacher_, network_of(config_, weights), {1});
  try {
    score(*engine);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("not finite"), std::string::npos) << error.what();
  }
}

// Threads of this process.
std::size_t thread_count() {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    count += task.exists() ? 1 : 0;
  }
  return count;
}

double resident_kib() {
  std::size_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return static_cast<double>(resident) * 4;
}

TEST_F(EngineTest, ScratchLeavesNoThreadsAndNoMemoryBehind) {
  const auto engine = backend_->make_engine(teacher_, student_, {2});
  for (int i = 0; i < 50; ++i) score(*engine);
  const auto threads = thread_count();
  const double memory = resident_kib();
  for (int i = 0; i < 100; ++i) score(*engine);
  // The kernel lists a joined thread a moment longer.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (thread_count() > threads && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_LE(thread_count(), threads);
  EXPECT_LE(resident_kib() - memory, 100 * 10) << "over 10 KiB a scratch";
}

}  // namespace
}  // namespace novelty
