// SPDX-License-Identifier: Apache-2.0
// p-values, thresholds and the map's scale from normal footage.
#include "calibration/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// Scores 1 to 5: the tail starts at their upper quartile, 4; below lie the knots (0, 1), 1, 2
// and 3.
Calibration one_to_five() {
  Calibration calibration;
  calibration.scores = {1, 2, 3, 4, 5};
  calibration.tail_scale = 2;
  return calibration;
}

TEST(PValue, IsLinearBetweenTheScoresAndExponentialInTheTail) {
  const Calibration calibration = one_to_five();
  EXPECT_DOUBLE_EQ(tail_start(calibration), 4);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 0), 1);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 1), 1 - 0.75 / 4);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 2), 1 - 0.75 * 2 / 4);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 2.5), 1 - 0.75 * 2.5 / 4);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 4), 0.25);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 6), 0.25 * std::exp(-1.0));
}

TEST(PValue, CountsEqualScoresOnce) {
  Calibration calibration = one_to_five();
  calibration.scores = {1, 1, 1, 2, 3};
  EXPECT_DOUBLE_EQ(tail_start(calibration), 2);
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 1), 1 - 0.75 / 2);
}

TEST(PValue, FallsStrictlyAndWithoutJumps) {
  const Calibration calibration = one_to_five();
  double last = 1;
  for (double score = 0.01; score < 300; score += 0.01) {
    const double p = p_value_of(calibration, score);
    EXPECT_LT(p, last) << "at " << score;
    EXPECT_LT(last - p, 0.01) << "at " << score;
    EXPECT_GT(p, 0);
    last = p;
  }
}

TEST(PValue, IsInvertedByScoreOf) {
  const Calibration calibration = one_to_five();
  for (const double p : {0.999, 0.9, 0.7, 0.5, 0.3, 0.25, 0.2, 1e-3, 1e-9, 1e-30})
    EXPECT_NEAR(std::log(p_value_of(calibration, score_of(calibration, p)) / p), 0, 1e-9) << p;
}

TEST(PValue, IsDefinedForOneScoreAndForEqualScores) {
  for (const std::vector<float>& scores : {std::vector<float>{2}, std::vector<float>(9, 2.0F)}) {
    Calibration calibration = one_to_five();
    calibration.scores = scores;
    EXPECT_DOUBLE_EQ(p_value_of(calibration, 2), 0.25);
    EXPECT_DOUBLE_EQ(p_value_of(calibration, 1), 1 - 0.75 / 2);
    EXPECT_NEAR(score_of(calibration, 0.25), 2, 1e-12);
  }
}

TEST(PValue, IsDefinedForScoresOfZero) {
  Calibration calibration = one_to_five();
  calibration.scores = {0, 0, 0};
  EXPECT_DOUBLE_EQ(p_value_of(calibration, 0), 1);
  EXPECT_LE(p_value_of(calibration, 1e-3), 0.25);
  EXPECT_LT(p_value_of(calibration, 2e-3), p_value_of(calibration, 1e-3));
}

TEST(PValue, StaysOverZeroFarOut) {
  EXPECT_GT(p_value_of(one_to_five(), 1e9), 0);
}

TEST(ScoreOf, RefusesWhatIsNoPValue) {
  for (const double p : {0.0, 1.0, -0.1, 1.5, std::nan("")})
    EXPECT_THROW(score_of(one_to_five(), p), Error) << p;
}

TEST(ScoreOf, RisesAsTheTargetFalls) {
  const Calibration calibration = one_to_five();
  double last = 0;
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

TEST(FitCalibration, FollowsTheRuleByHand) {
  // Pictures of one patch. Views 1 to 5: u = 4, mean excess 1. The clean scores alternate, so that
  // the first autocorrelation is negative and the four count as independent; their variance is half
  // of the views': n_eff = 5 / (1 + (5/4 - 1) / 2) = 40/9, a quarter of it over the start: 10/9.
  const std::vector<float> varied{3, 1, 5, 2, 4}, clean{2, 4, 2, 4};
  const Calibration calibration = fit_calibration({1, clean, varied}, ScoreDefinition{});
  const double freedom = 2 * 10.0 / 9, spread = 2 / (9 * freedom);
  const double chi = freedom * std::pow(1 - spread - 1.6449 * std::sqrt(spread), 3);
  EXPECT_NEAR(calibration.tail_scale, freedom / chi, 1e-6);
  EXPECT_NEAR(calibration.threshold, 4 + freedom / chi * std::log(900.0), 1e-5);
  EXPECT_NEAR(calibration.exit_threshold, 4 + freedom / chi * std::log(300.0), 1e-5);
  EXPECT_NEAR(calibration.map_zero[0], 4.6, 1e-6);
  EXPECT_FLOAT_EQ(calibration.map_one[0], static_cast<float>(calibration.threshold));
  EXPECT_TRUE(calibration.location_mean.empty());
}

TEST(FitCalibration, IsWiderWhenTheCleanScoresDrift) {
  // The same views and the same spread of clean scores, once in random order and once in a slow
  // rise.
  const std::vector<float> varied{3, 1, 5, 2, 4, 3, 1, 5, 2, 4};
  const std::vector<float> mixed{2, 4, 2.5F, 3.5F, 3}, rising{2, 2.5F, 3, 3.5F, 4};
  const auto threshold = [&](const std::vector<float>& clean) {
    return fit_calibration({1, clean, varied}, ScoreDefinition{}).threshold;
  };
  EXPECT_GT(threshold(rising), threshold(mixed));
}

TEST(FitCalibration, IsDefinedForOnePictureAndForEqualPictures) {
  for (const float value : {0.0F, 0.5F, 4.0F})
    for (const std::size_t pictures : {1, 20}) {
      const std::vector<float> rows(pictures * 16, value);
      const Calibration calibration = fit_calibration({16, rows, rows}, ScoreDefinition{});
      EXPECT_GT(calibration.threshold, value);
      EXPECT_GT(calibration.tail_scale, 0);
      EXPECT_TRUE(std::isfinite(calibration.threshold));
      EXPECT_LE(calibration.exit_threshold, calibration.threshold);
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

}  // namespace
}  // namespace novelty
