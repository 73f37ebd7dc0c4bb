// SPDX-License-Identifier: Apache-2.0
// Optimal transport against a plain double-precision reference, and the alignment of maps.
#include "nn/dense_targets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/rng.h"

namespace novelty {
namespace {

std::vector<float> random_scores(std::size_t count, double deviation, std::uint64_t seed) {
  Rng rng(seed, 0);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(deviation * rng.normal());
  return values;
}

// As it is written down: exp(scores / epsilon), columns scaled to 1 / K, rows to 1 / N, in turn.
std::vector<double> reference(const std::vector<float>& scores, std::size_t columns, double epsilon,
                              int iterations) {
  const std::size_t rows = scores.size() / columns;
  std::vector<double> plan(scores.size());
  for (std::size_t i = 0; i < plan.size(); ++i) plan[i] = std::exp(double{scores[i]} / epsilon);
  for (int round = 0; round < iterations; ++round) {
    for (std::size_t k = 0; k < columns; ++k) {
      double sum = 0;
      for (std::size_t i = 0; i < rows; ++i) sum += plan[i * columns + k];
      for (std::size_t i = 0; i < rows; ++i)
        plan[i * columns + k] /= sum * static_cast<double>(columns);
    }
    for (std::size_t i = 0; i < rows; ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < columns; ++k) sum += plan[i * columns + k];
      for (std::size_t k = 0; k < columns; ++k)
        plan[i * columns + k] /= sum * static_cast<double>(rows);
    }
  }
  for (double& value : plan) value *= static_cast<double>(rows);
  return plan;
}

TEST(Sinkhorn, EqualsTheReferenceInDoubles) {
  for (const std::size_t prototypes : {2U, 5U, 20U}) {
    auto scores = random_scores(196 * prototypes, 0.3, prototypes);
    const auto expected = reference(scores, prototypes, 0.05, 3);
    sinkhorn(scores, prototypes, 0.05, 3);
    for (std::size_t i = 0; i < scores.size(); ++i)
      ASSERT_NEAR(scores[i], expected[i], 2e-5) << prototypes << " at " << i;
  }
}

TEST(Sinkhorn, SharesPatchesOutEvenlyWhereOnePrototypeIsNearestToAll) {
  auto scores = random_scores(1000 * 4, 0.01, 9);
  for (std::size_t i = 0; i < scores.size(); i += 4) scores[i] += 0.2F;
  sinkhorn(scores, 4, 0.05, 20);
  std::vector<double> share(4);
  for (std::size_t i = 0; i < scores.size(); ++i) share[i % 4] += double{scores[i]} / 1000;
  for (const double one : share) EXPECT_NEAR(one, 0.25, 1e-3);
}

TEST(Sinkhorn, IsUniformForEqualScoresAndFiniteForFarOnes) {
  std::vector<float> equal(30, 0.7F);
  sinkhorn(equal, 3, 0.05, 3);
  for (const float value : equal) EXPECT_NEAR(value, 1.0 / 3, 1e-6);
  std::vector<float> far{-1, 1, -1, 1};
  sinkhorn(far, 2, 0.005, 3);
  for (const float value : far) EXPECT_TRUE(std::isfinite(value));
}

TEST(Harden, LeavesOneAtTheLargestOfEachRow) {
  std::vector<float> rows{0.2F, 0.5F, 0.3F, 0.4F, 0.4F, 0.2F};
  harden(rows, 3);
  EXPECT_EQ(rows, (std::vector<float>{0, 1, 0, 1, 0, 0}));
}

// A map whose value is its place, in patches from the left (or top) edge to the patch's centre.
std::vector<float> ramps(std::size_t grid) {
  std::vector<float> map;
  for (std::size_t y = 0; y < grid; ++y)
    for (std::size_t x = 0; x < grid; ++x)
      for (const std::size_t at : {x, y}) map.push_back(static_cast<float>(at) + 0.5F);
  return map;
}

TEST(Aligned, GivesThePlacesThatTheBoxCovers) {
  constexpr std::size_t kGrid = 14, kCrop = 6;
  const Box box{0.2F, 0.5F, 0.65F, 0.8F};
  const auto covered = aligned(ramps(kGrid), kGrid, box, kCrop);
  ASSERT_EQ(covered.size(), kCrop * kCrop * 2);
  for (std::size_t y = 0; y < kCrop; ++y)
    for (std::size_t x = 0; x < kCrop; ++x) {
      const double across = 0.2 + 0.45 * (static_cast<double>(x) + 0.5) / kCrop;
      const double down = 0.5 + 0.3 * (static_cast<double>(y) + 0.5) / kCrop;
      EXPECT_NEAR(covered[(y * kCrop + x) * 2], across * kGrid, 1e-4);
      EXPECT_NEAR(covered[(y * kCrop + x) * 2 + 1], down * kGrid, 1e-4);
    }
}

TEST(Aligned, HoldsTheOutermostPatchesBeyondTheirCentres) {
  const auto covered = aligned(ramps(2), 2, {0, 0, 0.1F, 0.1F}, 1);
  EXPECT_EQ(covered, (std::vector<float>{0.5F, 0.5F}));
}

TEST(Aligned, OfTheWholePictureIsTheMap) {
  const auto map = ramps(4);
  const auto covered = aligned(map, 4, {0, 0, 1, 1}, 4);
  for (std::size_t i = 0; i < map.size(); ++i) EXPECT_NEAR(covered[i], map[i], 1e-5);
}

}  // namespace
}  // namespace novelty
