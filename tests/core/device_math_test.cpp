// SPDX-License-Identifier: Apache-2.0
// The GPU's row arithmetic, run on the CPU, against double.
#include "engine/cuda/device_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/half.h"
#include "base/rng.h"

namespace novelty::cuda {
namespace {

constexpr int kMost = 48;

std::vector<float> random_row(int width, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> row(static_cast<std::size_t>(width));
  for (float& value : row) value = static_cast<float>(3 + 2 * rng.normal());
  return row;
}

const Four* fours_of(const std::vector<float>& row) {
  return reinterpret_cast<const Four*>(row.data());
}

std::vector<Bf16Four> rounded(const std::vector<float>& row) {
  std::vector<Bf16Four> fours;
  for (std::size_t i = 0; i < row.size(); i += 4)
    fours.push_back(packed(Four{{row[i], row[i + 1], row[i + 2], row[i + 3]}}));
  return fours;
}

double value_of(const std::vector<Bf16Four>& row, int place) {
  const Pair pair = unpacked(row[static_cast<std::size_t>(place) / 4].pairs[place % 4 / 2]);
  return static_cast<double>(place % 2 == 0 ? pair.first : pair.second);
}

std::vector<double> layer_norm(const std::vector<double>& row, const std::vector<float>& weight,
                               const std::vector<float>& bias) {
  double mean = 0, squares = 0;
  for (const double v : row) mean += v / static_cast<double>(row.size());
  for (const double v : row) squares += (v - mean) * (v - mean) / static_cast<double>(row.size());
  std::vector<double> result;
  for (std::size_t i = 0; i < row.size(); ++i) {
    result.push_back((row[i] - mean) / std::sqrt(squares + 1e-6) * static_cast<double>(weight[i]) +
                     static_cast<double>(bias[i]));
  }
  return result;
}

void shorten(std::vector<double>& row) {
  double squares = 0;
  for (const double v : row) squares += v * v;
  for (double& v : row) v /= std::sqrt(squares);
}

TEST(DeviceMath, RoundsToTheNearestBfloat16AsTheCpuDoes) {
  Rng rng(1);
  for (int i = 0; i < 10000; ++i) {
    const auto value = static_cast<float>(rng.normal() * std::exp(4 * rng.normal()));
    ASSERT_EQ(bf16_bits(value), float_to_bfloat16(value)) << value;
  }
  EXPECT_EQ(bf16_bits(1 + 1.0F / 256), 0x3f80U) << "a tie goes to the even one";
}

class DeviceRows : public ::testing::TestWithParam<int> {
 protected:
  const int width_ = GetParam(), fours_ = width_ / 4;
  std::vector<float> x_ = random_row(width_, 1);
  const std::vector<Bf16Four> y_ = rounded(random_row(width_, 2));
  const std::vector<float> weight_ = random_row(width_, 3), bias_ = random_row(width_, 4);
  const NormView norm_{fours_of(weight_), fours_of(bias_)};

  std::vector<double> expected_sum(const std::vector<float>& x,
                                   const std::vector<Bf16Four>& y) const {
    std::vector<double> sum;
    sum.reserve(x.size());
    for (int i = 0; i < width_; ++i)
      sum.push_back(static_cast<double>(x[static_cast<std::size_t>(i)]) + value_of(y, i));
    return sum;
  }
};

// Half a unit of bfloat16's last place, and float32's roundings.
double bound(double value) {
  return std::abs(value) / 256 + 1e-4;
}

TEST_P(DeviceRows, Normalise) {
  const auto expected = layer_norm({x_.begin(), x_.end()}, weight_, bias_);
  std::vector<Bf16Four> normed(static_cast<std::size_t>(fours_));
  normalise<kMost>(Alone(), fours_, fours_of(x_), norm_, normed.data());
  for (int i = 0; i < width_; ++i) {
    const double value = expected[static_cast<std::size_t>(i)];
    EXPECT_NEAR(value_of(normed, i), value, bound(value)) << i;
  }
}

TEST_P(DeviceRows, EmbedPatchesAndTheClassToken) {
  const auto position = random_row(width_, 5);
  for (const bool is_patch : {true, false}) {
    std::vector<double> sum(position.begin(), position.end());
    if (is_patch) sum = expected_sum(position, y_);
    const auto expected = layer_norm(sum, weight_, bias_);
    std::vector<Bf16Four> normed(static_cast<std::size_t>(fours_));
    embed_and_normalise<kMost>(Alone(), fours_, is_patch ? y_.data() : nullptr, fours_of(position),
                               reinterpret_cast<Four*>(x_.data()), norm_, normed.data());
    for (int i = 0; i < width_; ++i) {
      const auto place = static_cast<std::size_t>(i);
      EXPECT_NEAR(static_cast<double>(x_[place]), sum[place], 1e-5);
      EXPECT_NEAR(value_of(normed, i), expected[place], bound(expected[place]));
    }
  }
}

TEST_P(DeviceRows, DistanceOfTokensOfLengthOne) {
  const auto other_x = random_row(width_, 6);
  auto teacher = layer_norm({x_.begin(), x_.end()}, weight_, bias_);
  auto student = layer_norm({other_x.begin(), other_x.end()}, weight_, bias_);
  shorten(teacher);
  shorten(student);
  double expected = 0;
  for (std::size_t i = 0; i < teacher.size(); ++i)
    expected += (teacher[i] - student[i]) * (teacher[i] - student[i]);
  std::vector<float> token(static_cast<std::size_t>(width_));
  const float distance =
      finish_pair<kMost>(Alone(), fours_, {fours_of(x_), norm_}, {fours_of(other_x), norm_},
                         reinterpret_cast<Four*>(token.data()));
  EXPECT_NEAR(static_cast<double>(distance), expected, 1e-5);
  for (std::size_t i = 0; i < token.size(); ++i)
    EXPECT_NEAR(static_cast<double>(token[i]), teacher[i], 1e-5);
}

TEST_P(DeviceRows, ARowThatIsNotFiniteGivesADistanceThatIsNot) {
  x_[0] = NAN;
  std::vector<float> token(static_cast<std::size_t>(width_));
  const LastRow row{fours_of(x_), norm_};
  EXPECT_TRUE(std::isnan(
      finish_pair<kMost>(Alone(), fours_, row, row, reinterpret_cast<Four*>(token.data()))));
}

INSTANTIATE_TEST_SUITE_P(Widths, DeviceRows, ::testing::Values(4, 64, 124, 192));

}  // namespace
}  // namespace novelty::cuda
