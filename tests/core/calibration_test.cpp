// SPDX-License-Identifier: Apache-2.0
// p-values, thresholds and the map's scale from normal footage.
#include "calibration/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// Scores 1 to 5: the tail starts at their upper quartile, 4; the knots below are 1, 2 and 3 at
// ranks 5, 4 and 3 of 6.
Calibration one_to_five(double shape) {
  Calibration calibration;
  calibration.scores = {1, 2, 3, 4, 5};
  calibration.tail_scale = 1;
  calibration.tail_shape = shape;
  return calibration;
}

TEST(PValue, IsTheConformalRankAtAScore) {
  const Calibration calibration = one_to_five(0);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 1), 5.0 / 6);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 2), 4.0 / 6);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 3), 3.0 / 6);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 4), 1.0 / 4);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 2.5), 7.0 / 12);
}

TEST(PValue, HasAnExponentialOrParetoTail) {
  EXPECT_DOUBLE_EQ(p_value_of(one_to_five(0), 5), 0.25 * std::exp(-1.0));
  EXPECT_DOUBLE_EQ(p_value_of(one_to_five(2), 6), 0.25 / 4);
  EXPECT_DOUBLE_EQ(p_value_of(one_to_five(0), 0), 1 - std::exp(-1.0) / 6);
}

TEST(PValue, CountsTiesByHalf) {
  Calibration calibration = one_to_five(0);
  calibration.scores = {1, 1, 1, 2, 3};
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 1), (2 + 1.5 + 0.5) / 6);
}

TEST(PValue, FallsStrictlyAndWithoutJumps) {
  for (const double shape : {0.0, 1.0, 6.5}) {
    const Calibration calibration = one_to_five(shape);
    double last = 1;
    for (double score = -10; score < 60; score += 0.01) {
      const double p = p_value_of(calibration, score);
      EXPECT_LT(p, last) << "at " << score;
      EXPECT_LT(last - p, 0.01) << "at " << score;
      EXPECT_GT(p, 0);
      last = p;
    }
  }
}

TEST(PValue, IsInvertedByScoreOf) {
  for (const double shape : {0.0, 1.0, 6.5})
    for (const double p : {0.999, 0.9, 5.0 / 6, 0.7, 0.5, 0.3, 0.25, 0.2, 1e-3, 1e-9, 1e-30}) {
      const Calibration calibration = one_to_five(shape);
      EXPECT_NEAR(std::log(p_value_of(calibration, score_of(calibration, p)) / p), 0, 1e-9)
          << "p " << p << " shape " << shape;
    }
}

TEST(PValue, IsDefinedForOneScoreAndForEqualScores) {
  for (const std::vector<float>& scores : {std::vector<float>{2}, std::vector<float>(9, 2.0F)}) {
    Calibration calibration = one_to_five(0);
    calibration.scores = scores;
    EXPECT_DOUBLE_EQ(p_value_of(calibration, 2), 0.25);
    EXPECT_GT(p_value_of(calibration, 1.9), 0.25);
    EXPECT_LT(p_value_of(calibration, 2.1), 0.25);
    EXPECT_NEAR(score_of(calibration, 0.25), 2, 1e-12);
  }
}

TEST(PValue, StaysOverZeroFarOut) {
  EXPECT_GT(p_value_of(one_to_five(0), 1e9), 0);
  EXPECT_GT(p_value_of(one_to_five(3), 1e9), p_value_of(one_to_five(3), 2e9));
}

TEST(ScoreOf, RefusesWhatIsNoPValue) {
  for (const double p : {0.0, 1.0, -0.1, 1.5, std::nan("")})
    EXPECT_THROW(score_of(one_to_five(0), p), Error) << p;
}

TEST(ScoreOf, RisesAsTheTargetFalls) {
  const Calibration calibration = one_to_five(4);
  double last = -1e9;
  for (double p = 0.99; p > 1e-8; p *= 0.8) {
    EXPECT_GT(score_of(calibration, p), last);
    last = score_of(calibration, p);
  }
}

TEST(Quantile, IsLinearBetweenValues) {
  const std::vector<float> sorted{1, 2, 4};
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 0), 1);
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 0.75), 3);
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 1), 4);
}

std::vector<float> noisy_rows(std::size_t pictures, std::size_t patches, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> rows(pictures * patches);
  for (float& value : rows) value = static_cast<float>(0.5 + 0.2 * rng.uniform());
  return rows;
}

TEST(FitCalibration, SetsTheThresholdOverAllOfTheHeldOutFootage) {
  const auto clean = noisy_rows(20, 16, 1), varied = noisy_rows(100, 16, 2);
  const Calibration calibration = fit_calibration({16, clean, varied}, ScoreDefinition{0.25});
  EXPECT_EQ(calibration.scores.size(), 100U);
  EXPECT_GT(calibration.threshold, calibration.scores.back());
  EXPECT_LT(calibration.exit_threshold, calibration.threshold);
  EXPECT_GT(calibration.exit_threshold, calibration.scores.front());
  EXPECT_LT(calibration.threshold, 2);
}

TEST(FitCalibration, IsWiderWithFewerPictures) {
  const auto clean = noisy_rows(4, 16, 1), many = noisy_rows(400, 16, 1);
  const auto threshold = [](const std::vector<float>& rows) {
    return fit_calibration({16, rows, {}}, ScoreDefinition{1}).threshold;
  };
  EXPECT_GT(threshold(clean), threshold(many));
}

TEST(FitCalibration, IsDefinedForOnePictureAndForEqualPictures) {
  for (const float value : {0.0F, 0.5F})
    for (const std::size_t pictures : {1, 20}) {
      const std::vector<float> rows(pictures * 16, value);
      const Calibration calibration = fit_calibration({16, rows, {}}, ScoreDefinition{});
      EXPECT_GT(calibration.threshold, value);
      EXPECT_GT(calibration.tail_scale, 0);
      EXPECT_TRUE(std::isfinite(calibration.threshold));
      EXPECT_GT(calibration.map_one[0], calibration.map_zero[0]);
    }
}

TEST(CalibratedMap, IsLinearFromZeroToOneAndBeyond) {
  Calibration calibration;
  calibration.map_zero = {1, 1, 1, 2};
  calibration.map_one = {2, 2, 2, 4};
  std::vector<float> map(4);
  calibrated_map(calibration, std::vector<float>{0.5F, 1.5F, 4, 3}, map);
  EXPECT_EQ(map, (std::vector<float>{0, 0.5F, 3, 0.5F}));
}

TEST(CalibratedMap, HasAPValueThatFallsWithTheValue) {
  EXPECT_GT(map_p_value(0), map_p_value(0.5));
  EXPECT_GT(map_p_value(0.5), map_p_value(1));
  EXPECT_GT(map_p_value(1000), 0);
  EXPECT_LE(map_p_value(0), 1);
}

}  // namespace
}  // namespace novelty
