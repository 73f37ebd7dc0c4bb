// SPDX-License-Identifier: Apache-2.0
// Distances of features whose values are known by hand.
#include "feature_distances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace novelty {
namespace {

TEST(NeighbourDistances, AreOfTheTwoNearest) {
  const std::vector<float> normal{1, 0, 0, 1, 0.6F, 0.8F};
  const std::vector<float> test{1, 0, 0, -1};
  const auto distances = neighbour_distances({normal, 2}, {test, 2});
  ASSERT_EQ(distances.size(), 2U);
  EXPECT_NEAR(distances[0], 1 - (1 + 0.6) / 2, 1e-6);
  EXPECT_NEAR(distances[1], 1 - (0 - 0.8) / 2, 1e-6);
  EXPECT_NEAR(neighbour_distances({std::span(normal).first(2), 2}, {test, 2}).at(1), 1, 1e-6)
      << "of one alone, where there is no other";
}

TEST(NeighbourDistances, OfMoreRowsThanAreTakenAtOnce) {
  std::vector<float> normal, test;
  for (int i = 0; i < 1500; ++i) {
    const double angle = i * 1e-3;
    for (const double value : {std::cos(angle), std::sin(angle)}) {
      test.push_back(static_cast<float>(value));
      if (i < 2) normal.push_back(static_cast<float>(value));
    }
  }
  const auto distances = neighbour_distances({normal, 2}, {test, 2});
  ASSERT_EQ(distances.size(), 1500U);
  for (std::size_t i = 0; i < distances.size(); ++i) {
    const double angle = static_cast<double>(i) * 1e-3;
    EXPECT_NEAR(distances[i], 1 - (std::cos(angle) + std::cos(angle - 1e-3)) / 2, 1e-6) << i;
  }
}

TEST(MahalanobisDistances, AreByTheCovarianceAndAHundredthOfItsMean) {
  // Of mean (1, 1), variances 1 and 4, and no covariance.
  const std::vector<float> normal{0, -1, 2, -1, 0, 3, 2, 3};
  const std::vector<float> test{1, 1, 3, 1, 1, 5};
  const auto distances = mahalanobis_distances({normal, 2}, {test, 2});
  ASSERT_EQ(distances.size(), 3U);
  const double added = 0.01 * (1 + 4) / 2;
  EXPECT_NEAR(distances[0], 0, 1e-12);
  EXPECT_NEAR(distances[1], 4 / (1 + added), 1e-6);
  EXPECT_NEAR(distances[2], 16 / (4 + added), 1e-6);
}

TEST(MahalanobisDistances, OfEqualRowsAreFinite) {
  const std::vector<float> normal{1, 1, 1, 1}, test{1, 2};
  EXPECT_TRUE(std::isfinite(mahalanobis_distances({normal, 2}, {test, 2}).at(0)));
}

}  // namespace
}  // namespace novelty
