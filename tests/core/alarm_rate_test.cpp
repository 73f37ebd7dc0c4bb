// SPDX-License-Identifier: Apache-2.0
// Are alarms as frequent as asked for? Simulated footage through calibration and the real tracker.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

#include "base/rng.h"
#include "calibration/calibration.h"

namespace novelty {
namespace {

constexpr std::int64_t kFrameNs = 100'000'000;
constexpr std::size_t kFramesPerHour = 36'000;
constexpr double kMemory = 0.9;  // of the score for the one before: about two seconds
constexpr std::array<double, 3> kTargets{60, 6, 1};
constexpr std::array<double, 3> kPValues{0.1, 0.01, 0.001};

EventOptions camera_events() {
  return {0, 0, kFrameNs, 2 * kFrameNs, 10 * kFrameNs};
}

double exponential(Rng& rng) {
  return -std::log1p(-rng.uniform());
}
double gumbel(Rng& rng) {
  return -std::log(exponential(rng));
}
double bounded(Rng& rng) {
  return rng.uniform();
}

/// A stationary series: each score remembers the one before.
class Scene {
 public:
  Scene(double (*noise)(Rng&), std::uint64_t seed) : noise_(noise), rng_(seed) { next(1000); }

  double next() {
    value_ = kMemory * value_ + std::sqrt(1 - kMemory * kMemory) * noise_(rng_);
    return value_;
  }
  std::vector<float> next(std::size_t count) {
    std::vector<float> scores(count);
    for (float& score : scores) score = static_cast<float>(next());
    return scores;
  }

 private:
  double (*noise_)(Rng&);
  Rng rng_;
  double value_ = 0;
};

DecisionScale calibrated(Scene& scene, double minutes) {
  const auto footage = scene.next(static_cast<std::size_t>(minutes * 600));
  std::vector<float> views;
  for (std::size_t i = 0; i < 64; ++i) views.push_back(footage[i * footage.size() / 64]);
  return DecisionScale(fit_calibration({footage, views, 0.1}, camera_events()));
}

/// Events begun in `hours` of the scene with the threshold for `target`, an hour.
double observed_rate(Scene scene, const DecisionScale& scale, double target, std::size_t hours) {
  EventOptions options = camera_events();
  options.threshold = scale.score_of_rate(target);
  options.exit_threshold = scale.score_of_rate(3 * target);
  EventTracker tracker(options);
  double events = 0;
  for (std::size_t i = 0; i < hours * kFramesPerHour; ++i)
    if (tracker.push(static_cast<std::int64_t>(i) * kFrameNs, scene.next()).change ==
        EventChange::kBegin)
      ++events;
  return events / static_cast<double>(hours);
}

struct Case {
  const char* name;
  double (*noise)(Rng&);
  double rarer;  ///< factor by which alarms may be rarer than asked for: the prior is of no bound
};

void PrintTo(const Case& noise, std::ostream* out) {
  *out << noise.name;
}

class AlarmRateOf : public ::testing::TestWithParam<Case> {};

TEST_P(AlarmRateOf, IsCloseToTheTarget) {
  constexpr int kSeeds = 8;
  std::array<double, 3> rates{};
  for (int seed = 1; seed <= kSeeds; ++seed) {
    Scene scene(GetParam().noise, seed);
    const DecisionScale scale = calibrated(scene, 30);
    for (std::size_t i = 0; i < kTargets.size(); ++i)
      rates[i] += observed_rate(scene, scale, kTargets[i], 20) / kSeeds;
  }
  for (std::size_t i = 0; i < kTargets.size(); ++i) {
    RecordProperty("per_hour_for_" + std::to_string(std::lround(kTargets[i])),
                   std::to_string(rates[i]));
    EXPECT_GT(rates[i], kTargets[i] / GetParam().rarer);
    EXPECT_LT(rates[i], kTargets[i] * 2);
  }
}

TEST_P(AlarmRateOf, LiesWithinTheIntervalForMostScenes) {
  constexpr int kSeeds = 20;
  int covered = 0;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    Scene scene(GetParam().noise, seed + 100);
    const DecisionScale scale = calibrated(scene, 10);
    const AlarmRate rate = scale.alarms_per_hour(scale.score_of_rate(30));
    const double observed = observed_rate(scene, scale, 30, 5);
    if (observed >= rate.low && observed <= rate.high) ++covered;
  }
  EXPECT_GE(covered, 16);  // 19 on average
}

TEST_P(AlarmRateOf, GoesWithPValuesThatAreFrequencies) {
  constexpr int kSeeds = 8;
  std::array<double, 3> shares{};
  constexpr std::size_t kFrames = 2 * kFramesPerHour;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    Scene scene(GetParam().noise, seed);
    const DecisionScale scale = calibrated(scene, 30);
    std::array<double, 3> scores{};
    for (std::size_t k = 0; k < scores.size(); ++k) scores[k] = scale.score_of_p_value(kPValues[k]);
    for (std::size_t i = 0; i < kFrames; ++i) {
      const double score = scene.next();
      for (std::size_t k = 0; k < scores.size(); ++k)
        if (score >= scores[k]) shares[k] += 1.0 / (kFrames * kSeeds);
    }
  }
  constexpr std::array<double, 3> kFactors{1.2, 1.6, 3};
  for (std::size_t k = 0; k < shares.size(); ++k) {
    EXPECT_GT(shares[k], kPValues[k] / kFactors[k]);
    EXPECT_LT(shares[k], kPValues[k] * kFactors[k]);
  }
}

INSTANTIATE_TEST_SUITE_P(Noise, AlarmRateOf,
                         ::testing::Values(Case{"exponential", exponential, 2},
                                           Case{"gumbel", gumbel, 2}, Case{"bounded", bounded, 3}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace novelty
