// SPDX-License-Identifier: Apache-2.0
// The GPU's engine and teacher beside the CPU's in float32. Links no CUDA library: without a GPU
// each test is skipped with the loader's reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <thread>

#include "engine/backend.h"
#include "nn/init.h"
#include "novelty/error.h"
#include "test_backend.h"
#include "test_network.h"

namespace novelty {
namespace {

using testing::network_of;
using testing::random_values;
using testing::teacher_of;

// bfloat16 has 8 bits; over a few blocks its roundings turn tokens by a few thousandths.
constexpr double kLeastCosine = 0.9998;
constexpr double kDiscrepancyTolerance = 0.02;  // of the larger of value and mean
// A score of attention is a sum of 32 or 64 products of such values, and its power of 2 is taken.
constexpr double kAttentionTolerance = 0.06;

double cosine(std::span<const float> a, std::span<const float> b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

void expect_rows_alike(std::span<const float> a, std::span<const float> b, std::size_t width) {
  ASSERT_EQ(a.size(), b.size());
  double least = 1;
  for (std::size_t i = 0; i < a.size(); i += width)
    least = std::min(least, cosine(a.subspan(i, width), b.subspan(i, width)));
  EXPECT_GE(least, kLeastCosine);
}

void expect_alike(std::span<const float> found, std::span<const float> expected,
                  double tolerance = kDiscrepancyTolerance) {
  const double mean =
      std::accumulate(expected.begin(), expected.end(), 0.0) / static_cast<double>(expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(double{found[i]}, double{expected[i]},
                tolerance * std::max(mean, double{expected[i]}))
        << i;
}

VitConfig without_registers(VitConfig config) {
  config.registers = 0;
  return config;
}

// A pair of networks: the width, the heads, the grid.
class Cuda : public ::testing::TestWithParam<VitConfig> {
 protected:
  void SetUp() override {
    try {
      backend_ = &backend_for("cuda");
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }

  struct Scored {
    std::vector<float> discrepancy, tokens, cls;
  };

  Scored score(const Engine& engine, std::span<const float> patches) const {
    const auto scratch = engine.make_scratch();
    const auto count = static_cast<std::size_t>(config_.patch_count());
    const auto width = static_cast<std::size_t>(config_.width);
    Scored scored{std::vector<float>(count), std::vector<float>(count * width),
                  std::vector<float>(width)};
    engine.score(patches, *scratch, scored.discrepancy, scored.tokens, scored.cls);
    return scored;
  }

  std::vector<float> pictures(std::size_t count) const {
    return random_values(count * picture_, 3);
  }

  const VitConfig config_ = GetParam();
  const std::size_t picture_ = static_cast<std::size_t>(config_.patch_count()) *
                               static_cast<std::size_t>(config_.patch_values());
  const VitWeights teacher_weights_ = teacher_of(config_, 1);
  const VitConfig student_config_ = without_registers(config_);
  const VitWeights student_weights_ = init_student(student_config_, 2);
  const NetworkView teacher_ = network_of(config_, teacher_weights_);
  const NetworkView student_ = network_of(student_config_, student_weights_);
  const Backend* backend_ = nullptr;
};

TEST_P(Cuda, ScoresAsTheCpuDoes) {
  const auto patches = pictures(1);
  const auto engine = backend_->make_engine(teacher_, student_, {});
  const auto found = score(*engine, patches);
  const auto expected = score(*backend_for("cpu").make_engine(teacher_, student_, {2}), patches);
  expect_alike(found.discrepancy, expected.discrepancy);
  expect_rows_alike(found.tokens, expected.tokens, static_cast<std::size_t>(config_.width));
  expect_rows_alike(found.cls, expected.cls, static_cast<std::size_t>(config_.width));
}

TEST_P(Cuda, ScoresOfStreamsTogetherAreThoseOfEachAlone) {
  constexpr std::size_t kStreams = 20;
  const auto patches = pictures(kStreams);
  const auto engine = backend_->make_engine(teacher_, student_, {});
  std::vector<Scored> together(kStreams), alone;
  const auto part = [&](std::size_t i) {
    return std::span(patches).subspan(i * picture_, picture_);
  };
  for (std::size_t i = 0; i < kStreams; ++i) alone.push_back(score(*engine, part(i)));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kStreams; ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < 5; ++round) together[i] = score(*engine, part(i));
      });
    }
  }
  for (std::size_t i = 0; i < kStreams; ++i) {
    expect_alike(together[i].discrepancy, alone[i].discrepancy);
    EXPECT_GT(cosine(together[i].tokens, alone[i].tokens), 0.9999);
  }
  EXPECT_LT(cosine(alone[0].tokens, alone[1].tokens), 0.9999) << "the pictures are too alike";
}

TEST_P(Cuda, TeacherGivesTheCpusFeatures) {
  constexpr std::size_t kBatch = 3;
  const auto patches = pictures(kBatch);
  const auto features = [&](const Backend& backend) {
    const auto count = kBatch * static_cast<std::size_t>(config_.patch_count());
    const auto width = static_cast<std::size_t>(config_.width);
    std::vector<float> tokens(count * width), attention(count), cls(kBatch * width);
    backend.make_teacher(teacher_, {2})
        ->features(patches, static_cast<int>(kBatch), {tokens, attention, cls});
    return std::array{tokens, attention, cls};
  };
  const auto found = features(*backend_), expected = features(backend_for("cpu"));
  expect_rows_alike(found[0], expected[0], static_cast<std::size_t>(config_.width));
  expect_alike(found[1], expected[1], kAttentionTolerance);
  expect_rows_alike(found[2], expected[2], static_cast<std::size_t>(config_.width));
}

VitConfig config_with(int input_size, int patch_size, int width, int heads, int registers = 0) {
  return {input_size, patch_size, width, 3, heads, 4 * width, registers};
}

INSTANTIATE_TEST_SUITE_P(Networks, Cuda,
                         ::testing::Values(config_with(224, 16, 192, 3),    // 197 tokens
                                           config_with(224, 16, 384, 12),   // heads of 32
                                           config_with(64, 16, 64, 1),      // 17
                                           config_with(98, 14, 128, 2, 4),  // 54, registers
                                           config_with(518, 14, 128, 2)));  // 1370

TEST(CudaDevice, RefusesAGpuThatIsNotThere) {
  try {
    backend_for("cuda");
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  const auto config = config_with(64, 16, 64, 1);
  const auto weights = init_untrained_teacher(config, 1);
  const auto view = network_of(config, weights);
  try {
    backend_for("cuda:31").make_engine(view, view, {.device = device_index("cuda:31")});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("there is no GPU 31"), std::string::npos)
        << error.what();
  }
}

TEST(CudaDevice, RefusesNamesThatAreNone) {
  for (const std::string device : {"cuda:", "cuda:x", "cuda:-1", "cuda:1x", "gpu", ""})
    EXPECT_THROW(device_index(device), Error) << device;
  EXPECT_EQ(device_index("cuda:2"), 2);
  EXPECT_EQ(device_index("cuda"), 0);
}

}  // namespace
}  // namespace novelty
