// SPDX-License-Identifier: Apache-2.0
// core/scoring: the picture term against formulas worked out directly.
#include "scoring/picture_density.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "novelty/error.h"
#include "scoring/patch_values.h"

namespace novelty {
namespace {

constexpr std::size_t kSize = 3;

// Three components: the first two vary together, the last one by itself and less.
std::vector<float> made_summaries(std::size_t pictures, std::uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<float> rows;
  for (std::size_t i = 0; i < pictures; ++i) {
    const double common = rng.uniform() - 0.5;
    rows.push_back(static_cast<float>(1 + common));
    rows.push_back(static_cast<float>(2 + common + 0.3 * (rng.uniform() - 0.5)));
    rows.push_back(static_cast<float>(-1 + 0.1 * (rng.uniform() - 0.5)));
  }
  return rows;
}

double mean_distance(const PictureDensity& density, std::span<const float> rows) {
  double sum = 0;
  const std::size_t size = density.mean.size(), count = rows.size() / size;
  for (std::size_t i = 0; i < count; ++i)
    sum += picture_distance(density, rows.subspan(i * size, size));
  return sum / static_cast<double>(count);
}

TEST(PictureDensity, SummarisesByClsAndMeanTokenOfLengthOne) {
  const std::vector<float> cls{0, 1}, tokens{1, 0, 0, 1, 0, 1, 0, 1};
  const auto summary = summary_of(cls, tokens);
  ASSERT_EQ(summary.size(), 4U);
  EXPECT_EQ(summary[0], 0);
  EXPECT_EQ(summary[1], 1);
  EXPECT_NEAR(summary[2], 1 / std::sqrt(10.0), 1e-6);
  EXPECT_NEAR(summary[3], 3 / std::sqrt(10.0), 1e-6);
}

TEST(PictureDensity, DistanceIsOneOnAverageInWhatItLearntFrom) {
  const auto rows = made_summaries(5000);
  EXPECT_NEAR(mean_distance(fit_picture_density(rows, kSize), rows), 1, 0.02);
}

TEST(PictureDensity, GoesAgainstHowPicturesVary) {
  const auto density = fit_picture_density(made_summaries(2000), kSize);
  const std::vector<float> with{1.5F, 2.5F, -1}, against{1.5F, 1.5F, -1}, own{1, 2, -0.5F};
  EXPECT_LT(picture_distance(density, with), 2);
  EXPECT_GT(picture_distance(density, against), 10);
  EXPECT_GT(picture_distance(density, own), 10);
}

// Two pictures at a and -a: S = a aᵀ, and with t = |a|² the traces are t and t², so the share is
// ((1 - 2/p) + 1) / ((3 - 2/p) (1 - 1/p)); along a the variance is (1 - share) t + share t / p,
// across it share t / p.
TEST(PictureDensity, ShrinksByTheOracleApproximation) {
  const std::vector<float> rows{3, 4, 0, -3, -4, 0};
  const auto density = fit_picture_density(rows, kSize);
  const double p = kSize, t = 25;
  const double share = (2 - 2 / p) / ((3 - 2 / p) * (1 - 1 / p));
  const std::vector<float> along{3, 4, 0}, across{0, 0, 5};
  EXPECT_NEAR(picture_distance(density, along), t / ((1 - share) * t + share * t / p) / p, 1e-4);
  EXPECT_NEAR(picture_distance(density, across), t / (share * t / p) / p, 1e-4);
}

TEST(PictureDensity, LearnsFromTwoPicturesOfTheWidestTeacher) {
  constexpr std::size_t size = 2 * 768;
  Rng rng(3);
  std::vector<float> rows(2 * size), far(size);
  for (float& value : rows) value = static_cast<float>(rng.uniform() / 30);
  for (float& value : far) value = static_cast<float>(rng.uniform() / 3);
  const auto density = fit_picture_density(rows, size);
  const double near = picture_distance(density, std::span(rows).first(size));
  EXPECT_GT(near, 0);
  EXPECT_LT(near, 2);
  EXPECT_GT(picture_distance(density, far), 10 * near);
  EXPECT_TRUE(std::isfinite(picture_distance(density, far)));
}

TEST(PictureDensity, IsFiniteWhenAllPicturesAreTheSame) {
  const std::vector<float> rows{1, 2, 3, 1, 2, 3}, other{1, 2, 4};
  const auto density = fit_picture_density(rows, kSize);
  EXPECT_EQ(picture_distance(density, std::span(rows).first(kSize)), 0);
  EXPECT_TRUE(std::isfinite(picture_distance(density, other)));
}

TEST(PictureDensity, RefusesASinglePictureAndOtherSizes) {
  const auto rows = made_summaries(2);
  try {
    fit_picture_density(std::span(rows).first(kSize), kSize);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("at least two"), std::string::npos) << error.what();
  }
  const auto density = fit_picture_density(rows, kSize);
  EXPECT_THROW(picture_distance(density, std::span(rows).first(2)), Error);
}

TEST(PictureDensity, AddsItsTermToEveryPatch) {
  std::vector<float> values{1, -2};
  add_picture_term({2, 0.5}, 3, values);
  EXPECT_EQ(values, (std::vector<float>{3, 0}));
}

}  // namespace
}  // namespace novelty
