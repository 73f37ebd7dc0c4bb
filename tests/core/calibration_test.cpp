// SPDX-License-Identifier: Apache-2.0
// p-values, alarm rates and thresholds from normal footage: their properties and their edges.
#include "calibration/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/rng.h"
#include "calibration/event_levels.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::int64_t kFrameNs = 100'000'000;  // 10 frames a second

EventOptions camera_events() {
  return {0, 0, kFrameNs, 2 * kFrameNs, 10 * kFrameNs};
}

std::vector<float> normal_scores(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> scores(count);
  for (float& score : scores) score = static_cast<float>(rng.normal());
  return scores;
}

/// `minutes` of independent normal scores, and views from the same.
Calibration calibration_of(double minutes, std::uint64_t seed = 1) {
  const auto in_time = normal_scores(static_cast<std::size_t>(minutes * 600), seed);
  return fit_calibration({in_time, normal_scores(64, seed + 1000), 0.1}, camera_events());
}

struct Sample {
  std::string name;
  Calibration calibration;
};

/// What the properties must hold for: long, short and degenerate footage.
std::vector<Sample> samples() {
  const auto fit = [](const std::vector<float>& in_time, const std::vector<float>& views) {
    return fit_calibration({in_time, views, 0.1}, camera_events());
  };
  return {{"half an hour", calibration_of(30)},
          {"a second", calibration_of(11.0 / 600)},
          {"one picture", fit({0.5F}, {0.5F})},
          {"equal pictures", fit(std::vector<float>(20, 3), std::vector<float>(9, 3))},
          {"zeros", fit(std::vector<float>(20, 0), std::vector<float>(9, 0))},
          {"two values", fit({-1, -2, -1, -2, -1}, {-1, -2})},
          {"one outlier", fit({0, 0, 0, 0, 0, 0, 1e6F, 0, 0}, {0, 1})}};
}

/// Scores from under to far over all of `c`, ascending.
std::vector<double> scores_around(const Calibration& c) {
  const double low = c.scores.front();
  const double wide = std::max(c.threshold - low, 1e-3);
  std::vector<double> scores;
  for (int i = 100; i > 0; --i) scores.push_back(low - 0.1 * i);
  for (int i = 0; i <= 1000; ++i) scores.push_back(low + wide * std::sinh(i / 100.0));
  return scores;
}

TEST(DecisionScale, FallsStrictlyInPValueAndRate) {
  for (const auto& [name, calibration] : samples()) {
    const DecisionScale scale(calibration);
    double last = 2;
    for (const double score : scores_around(calibration)) {
      const double p = scale.p_value(score);
      EXPECT_LT(p, last) << name << " at " << score;
      EXPECT_GT(p, 0) << name << " at " << score;
      EXPECT_LE(p, 1) << name << " at " << score;
      last = p;
    }
    double last_score = -1e12;
    for (int i = 0; i < 60; ++i) {
      const double rate = 3000 * std::pow(0.7, i);
      const double score = scale.score_of_rate(rate);
      EXPECT_GT(score, last_score) << name << " at " << rate;
      EXPECT_GT(scale.alarms_per_hour(last_score).expected, scale.alarms_per_hour(score).expected);
      last_score = score;
    }
  }
}

TEST(DecisionScale, HasNoJumps) {
  for (const auto& [name, calibration] : samples()) {
    const DecisionScale scale(calibration);
    std::vector<double> edges{calibration.peak_start, calibration.threshold};
    edges.insert(edges.end(), calibration.scores.begin(), calibration.scores.end());
    edges.insert(edges.end(), calibration.views.begin(), calibration.views.end());
    for (std::size_t i = 0; i < edges.size(); i += 1 + edges.size() / 100) {
      const double under = edges[i] - 1e-11, over = edges[i] + 1e-11;
      EXPECT_NEAR(scale.p_value(under) / scale.p_value(over), 1, 1e-4)
          << name << " at " << edges[i];
      EXPECT_NEAR(scale.alarms_per_hour(under).expected / scale.alarms_per_hour(over).expected, 1,
                  1e-4)
          << name << " at " << edges[i];
    }
  }
}

TEST(DecisionScale, InvertsPValueAndRate) {
  for (const auto& [name, calibration] : samples()) {
    const DecisionScale scale(calibration);
    for (const double p : {0.999, 0.7, 0.3, 0.05, 1e-3, 1e-9, 1e-30})
      EXPECT_NEAR(scale.p_value(scale.score_of_p_value(p)) / p, 1, 1e-6) << name;
    for (const double rate : {3599.0, 600.0, 60.0, 6.0, 1.0, 1.0 / 24, 1e-6})
      EXPECT_NEAR(scale.alarms_per_hour(scale.score_of_rate(rate)).expected / rate, 1, 1e-6)
          << name;
  }
}

TEST(DecisionScale, RefusesWhatIsNoPValueOrRate) {
  const DecisionScale scale(calibration_of(1));
  for (const double p : {0.0, 1.0, -0.1, 1.5, std::nan("")})
    EXPECT_THROW(scale.score_of_p_value(p), Error) << p;
  for (const double rate : {0.0, 3600.0, -1.0, std::nan("")})
    EXPECT_THROW(scale.score_of_rate(rate), Error) << rate;
}

TEST(DecisionScale, HoldsTheRateWithinItsInterval) {
  for (const auto& [name, calibration] : samples()) {
    const DecisionScale scale(calibration);
    for (const double target : {600.0, 6.0, 0.1}) {
      const AlarmRate rate = scale.alarms_per_hour(scale.score_of_rate(target));
      EXPECT_LE(rate.low, rate.expected) << name;
      EXPECT_LT(rate.low, rate.high) << name;
      EXPECT_GE(rate.high, rate.expected) << name;
      EXPECT_TRUE(std::isfinite(rate.high)) << name;
    }
  }
}

TEST(DecisionScale, IsSurerOfLongerFootage) {
  double last = HUGE_VAL;
  for (const double minutes : {1, 5, 30}) {
    double width = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const DecisionScale scale(calibration_of(minutes, seed));
      const AlarmRate rate = scale.alarms_per_hour(scale.score_of_rate(6));
      width += std::log(rate.high / rate.expected);
    }
    EXPECT_LT(width, last) << minutes;
    last = width;
  }
}

TEST(DecisionScale, GivesTheConformalPValueInTheBody) {
  Calibration calibration = calibration_of(30);
  calibration.scores = {1, 2, 2, 4, 5, 6, 7, 8};
  calibration.independent = 8;
  const DecisionScale scale(calibration);
  EXPECT_NEAR(scale.p_value(1), 8 / 9.0, 1e-6);  // views count for e^-15
  EXPECT_NEAR(scale.p_value(2), 7 / 9.0, 1e-6);
  EXPECT_NEAR(scale.p_value(3), 6 / 9.0, 1e-6);  // halfway from 7/9 to 5/9
  EXPECT_NEAR(scale.p_value(6), 3 / 9.0, 1e-6);
}

TEST(FitCalibration, StaysOverAllViewsAfterASecondOfFootage) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Calibration calibration = calibration_of(11.0 / 600, seed);
    EXPECT_GT(calibration.threshold, calibration.views.back());
    EXPECT_GT(calibration.threshold, calibration.scores.back());
    EXPECT_LT(calibration.threshold, 200);
    EXPECT_LE(calibration.exit_threshold, calibration.threshold);
  }
}

TEST(FitCalibration, LetsViewsFadeAsFootageGrows) {
  const std::vector<float> wild(64, 100.0F);
  const auto threshold = [&](double minutes) {
    const auto in_time = normal_scores(static_cast<std::size_t>(minutes * 600), 1);
    return fit_calibration({in_time, wild, 0.1}, camera_events()).threshold;
  };
  EXPECT_GT(threshold(0.5), 100);
  EXPECT_LT(threshold(60), 10);
}

TEST(FitCalibration, SetsThresholdsForTheTarget) {
  const auto in_time = normal_scores(6000, 1), views = normal_scores(64, 2);
  const Calibration calibration = fit_calibration({in_time, views, 0.1}, camera_events(), 6);
  const DecisionScale scale(calibration);
  EXPECT_EQ(calibration.target_per_hour, 6);
  EXPECT_DOUBLE_EQ(calibration.threshold, scale.score_of_rate(6));
  EXPECT_DOUBLE_EQ(calibration.exit_threshold, scale.score_of_rate(18));
  EXPECT_NEAR(calibration.hours, 1.0 / 6, 1e-12);
  EXPECT_LT(calibration.threshold, calibration_of(10).threshold);
  EXPECT_THROW(fit_calibration({in_time, views, 0.1}, camera_events(), 0), Error);
  EXPECT_THROW(fit_calibration({in_time, views, 0.1}, camera_events(), 3600), Error);
}

TEST(FitCalibration, TakesPicturesWithoutOrderAsOneASecond) {
  const auto scores = normal_scores(100, 1);
  const Calibration calibration = fit_calibration({scores, scores, 0}, camera_events());
  EXPECT_NEAR(calibration.hours, 100 / 3600.0, 1e-12);
  EXPECT_EQ(calibration.independent, 100);
  EXPECT_EQ(calibration.peaks.size(), 50U);  // each score an event, the upper half
  EXPECT_EQ(calibration.peaks.back(), calibration.scores.back());
}

TEST(FitCalibration, KeepsTheHighestOfManyScores) {
  const auto in_time = normal_scores(50'000, 1);
  const Calibration calibration = fit_calibration({in_time, in_time, 0.1}, camera_events());
  EXPECT_EQ(calibration.scores.size(), kMostScores);
  EXPECT_TRUE(std::is_sorted(calibration.scores.begin(), calibration.scores.end()));
  EXPECT_EQ(calibration.scores.back(), *std::max_element(in_time.begin(), in_time.end()));
  EXPECT_NEAR(quantile_of(calibration.scores, 0.9), 1.2816, 0.03);
}

TEST(FitCalibration, CountsRepeatedPicturesOnce) {
  const auto scores = normal_scores(600, 1);
  std::vector<float> repeated;
  for (const float score : scores) repeated.insert(repeated.end(), 10, score);
  const auto independent = [&](const std::vector<float>& in_time) {
    return fit_calibration({in_time, scores, 0.1}, camera_events()).independent;
  };
  EXPECT_GT(independent(scores), 300);
  EXPECT_NEAR(independent(repeated), 600, 200);
}

TEST(EventLevels, AreTheLeastSmoothedScoreOverTheMinimumDuration) {
  // A second at 2, then 3 for one frame only: too short to begin an event.
  std::vector<float> in_time(100, 0);
  std::fill(in_time.begin() + 50, in_time.begin() + 60, 2.0F);
  in_time[55] = 3;
  const EventOptions events{0, 0, 0, 2 * kFrameNs, 10 * kFrameNs};
  EXPECT_EQ(event_levels(in_time, kFrameNs, events), std::vector<float>{2});
}

TEST(EventLevels, AreApartWhenTheHoldRanOutBetween) {
  const EventOptions events{0, 0, 0, 0, 10 * kFrameNs};
  const auto count = [&](std::size_t apart) {
    std::vector<float> in_time(200, 0);
    in_time[50] = in_time[50 + apart] = 4;
    return event_levels(in_time, kFrameNs, events).size();
  };
  EXPECT_EQ(count(11), 1U);  // ten frames below: the hold still holds
  EXPECT_EQ(count(12), 2U);
}

TEST(Promise, IsTheRuleOfThree) {
  Calibration calibration = calibration_of(1);
  calibration.hours = 6;
  EXPECT_DOUBLE_EQ(hours_needed(calibration.hours), 0.5);
  EXPECT_DOUBLE_EQ(hours_needed(0.5), 6);
}

TEST(Quantile, IsLinearBetweenValues) {
  const std::vector<float> sorted{1, 2, 4};
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 0), 1);
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 0.75), 3);
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 1), 4);
}

TEST(DecisionScale, OfAFewSecondsIsAsWideAsTheViewsAreAndNoWider) {
  // Eleven nearly equal scores, and views with an exponential tail of 1.7 over 1.7.
  const std::vector<float> scores = {0.59F, 0.6F, 0.6F,  0.65F, 0.7F, 1.2F,
                                     1.3F,  1.3F, 1.35F, 1.4F,  1.45F};
  std::vector<float> views;
  for (int i = 0; i < 96; ++i)
    views.push_back(static_cast<float>(-1.7 * std::log(1 - (i + 0.5) / 96)));
  EventOptions events;
  events.smoothing_ns = 100'000'000;
  events.min_duration_ns = 200'000'000;
  events.hold_ns = 1'000'000'000;
  const Calibration calibration = fit_calibration({scores, views, 0.1}, events);
  EXPECT_GT(calibration.threshold, views.back());
  EXPECT_LT(calibration.threshold, 2 * 1.7 * std::log(3600));
}

TEST(CalibratedMap, IsLinearFromZeroToOneAndBeyond) {
  Calibration calibration;
  calibration.map_zero = -1;
  calibration.map_one = 3;
  std::vector<float> map(4);
  calibrated_map(calibration, std::vector<float>{-2, 1, 3, 11}, map);
  EXPECT_EQ(map, (std::vector<float>{0, 0.5F, 1, 3}));
}

}  // namespace
}  // namespace novelty
