// SPDX-License-Identifier: Apache-2.0
// core/scoring: image score and regions on values small enough to work out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "novelty/error.h"
#include "scoring/anomaly_map.h"

namespace novelty {
namespace {

double score_of(const std::vector<float>& values, double share) {
  return image_score(values, share);
}

TEST(ImageScore, IsTheMeanOfTheHighestShare) {
  const std::vector<float> d = {1, 4, 2, 3};
  EXPECT_DOUBLE_EQ(score_of(d, 1.0), 2.5);
  EXPECT_DOUBLE_EQ(score_of(d, 0.5), 3.5);
  EXPECT_DOUBLE_EQ(score_of(d, 0.25), 4.0);
}

TEST(ImageScore, RoundsTheShareUpToWholePatches) {
  const std::vector<float> d = {1, 4, 2, 3};
  EXPECT_DOUBLE_EQ(score_of(d, 0.26), 3.5);
  EXPECT_DOUBLE_EQ(score_of(d, 1e-12), 4.0);
  std::vector<float> hundred(100, 0.0F);
  std::fill_n(hundred.begin(), 7, 1.0F);
  EXPECT_DOUBLE_EQ(score_of(hundred, 0.07), 1.0);  // 0.07 * 100 > 7 in binary
}

TEST(ImageScore, DoesNotDependOnTheOrderOfPatches) {
  std::vector<float> d(196);
  for (int i = 0; i < 196; ++i) d[i] = std::sin(static_cast<float>(i * i)) + 1.0F;
  const double forward = score_of(d, 0.05);
  std::reverse(d.begin(), d.end());
  EXPECT_EQ(score_of(d, 0.05), forward);
}

TEST(ImageScore, RefusesWhatHasNoScore) {
  EXPECT_THROW(score_of({}, 1.0), Error);
  EXPECT_THROW(score_of({1, 2}, 0.0), Error);
  EXPECT_THROW(score_of({1, 2}, 1.1), Error);
  EXPECT_THROW(score_of({1, 2}, std::nan("")), Error);
  EXPECT_THROW(score_of({1, std::numeric_limits<float>::quiet_NaN()}, 1.0), Error);
}

double masked_score_of(std::vector<float> d, const std::vector<std::uint8_t>& counted,
                       double share) {
  leave_out(counted, d);
  return score_of(d, share);
}

TEST(MaskedScore, AveragesTheHighestPatchesThatCount) {
  const std::vector<float> d = {1, 4, 2, 3};
  EXPECT_DOUBLE_EQ(masked_score_of(d, {}, 0.5), 3.5);
  EXPECT_DOUBLE_EQ(masked_score_of(d, {1, 1, 1, 1}, 0.5), 3.5);
  EXPECT_DOUBLE_EQ(masked_score_of(d, {1, 0, 1, 1}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(masked_score_of(d, {0, 1, 0, 0}, 0.25), 4);
}

TEST(MaskedScore, AveragesOverAsManyPatchesAsWithoutAMask) {
  EXPECT_DOUBLE_EQ(masked_score_of({1, 4, 2, 3}, {0, 1, 0, 0}, 0.5), 2);
  EXPECT_DOUBLE_EQ(masked_score_of({1, 4, 2, 3}, {1, 0, 0, 0}, 1), 0.25);
  EXPECT_DOUBLE_EQ(masked_score_of({1, 4, 2, 3}, {0, 0, 0, 0}, 1), 0);
}

TEST(MaskedScore, OfNegativeValuesIsTheirOwn) {
  EXPECT_DOUBLE_EQ(masked_score_of({-1, -4, -2, -3}, {0, 1, 1, 1}, 0.5), -2.5);
  EXPECT_DOUBLE_EQ(masked_score_of({-1, -4, -2, 30}, {1, 1, 0, 0}, 0.5), -2.5);
}

TEST(MaskedScore, RefusesAMaskOfAnotherSize) {
  EXPECT_THROW(masked_score_of({1, 2}, {1}, 1), Error);
  EXPECT_THROW(masked_score_of({1, 2}, {1, 1, 1}, 1), Error);
}

// Pictures, masks and statistics of places of every kind: the threshold of the whole picture stays
// conservative, and masking more never raises a score.
TEST(MaskedScore, NeverExceedsTheScoreWithALargerArea) {
  Rng rng(1);
  for (int round = 0; round < 5000; ++round) {
    const std::size_t n = 1 + rng.below(64);
    const double keep = rng.uniform(), share = std::max(1e-3, rng.uniform());
    std::vector<float> d(n);
    std::vector<std::uint8_t> large(n), small(n);
    for (std::size_t i = 0; i < n; ++i) {
      d[i] = static_cast<float>(4 * std::pow(rng.uniform(), 3));
      large[i] = rng.uniform() < keep ? 1 : 0;
      small[i] = large[i] == 1 && rng.uniform() < 0.7 ? 1 : 0;
    }
    const double whole = score_of(d, share);
    const double in_large = masked_score_of(d, large, share);
    ASSERT_LE(in_large, whole) << "round " << round;
    ASSERT_LE(masked_score_of(d, small, share), in_large) << "round " << round;
  }
}

void expect_box(const Region& region, float x, float y, float width, float height) {
  EXPECT_FLOAT_EQ(region.x, x);
  EXPECT_FLOAT_EQ(region.y, y);
  EXPECT_FLOAT_EQ(region.width, width);
  EXPECT_FLOAT_EQ(region.height, height);
  EXPECT_EQ(region.p_value, 1.0F);
}

TEST(Regions, AreConnectedAreasHighestPeakFirst) {
  const std::vector<float> map = {1, 0, 0, 0,  //
                                  0, 1, 0, 0,  //
                                  0, 0, 0, 3,  //
                                  0, 0, 0, 2};
  const auto regions = regions_of(map, 4, 16);
  ASSERT_EQ(regions.size(), 2U);
  expect_box(regions[0], 0.75F, 0.5F, 0.25F, 0.5F);
  expect_box(regions[1], 0, 0, 0.5F, 0.5F);
}

TEST(Regions, DoNotReachRoundTheEdges) {
  const std::vector<float> map = {0, 0, 1,  //
                                  1, 0, 0,  //
                                  0, 0, 0};
  EXPECT_EQ(regions_of(map, 3, 16).size(), 2U);
}

TEST(Regions, StopAtTheLimitAndKeepTheHighest) {
  const std::vector<float> map = {1, 0, 2,  //
                                  0, 0, 0,  //
                                  4, 0, 3};
  const auto regions = regions_of(map, 3, 2);
  ASSERT_EQ(regions.size(), 2U);
  EXPECT_FLOAT_EQ(regions[0].y, 2.0F / 3);
  EXPECT_FLOAT_EQ(regions[0].x, 0);
  EXPECT_FLOAT_EQ(regions[1].x, 2.0F / 3);
  EXPECT_TRUE(regions_of(map, 3, 0).empty());
}

TEST(Regions, TakeAMapThatIsAllOver) {
  const auto regions = regions_of(std::vector<float>(37 * 37, 1.0F), 37, 16);
  ASSERT_EQ(regions.size(), 1U);
  expect_box(regions[0], 0, 0, 1, 1);
}

TEST(Regions, AreNoneBelowOneAndRefuseAWrongSize) {
  EXPECT_TRUE(regions_of(std::vector<float>(9, 0.999F), 3, 16).empty());
  EXPECT_TRUE(regions_of(std::vector<float>(9, std::nanf("")), 3, 16).empty());
  EXPECT_THROW(regions_of(std::vector<float>(8, 1.0F), 3, 16), Error);
  EXPECT_THROW(regions_of({}, 0, 16), Error);
  EXPECT_THROW(regions_of(std::vector<float>(9, 1.0F), -3, 16), Error);
}

}  // namespace
}  // namespace novelty
