// SPDX-License-Identifier: Apache-2.0
// core/scoring: image score and regions on values small enough to work out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

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
