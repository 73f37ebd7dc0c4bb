// SPDX-License-Identifier: Apache-2.0
// The slow drift of normal scores, in stream time: what moves the offset and what must not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <vector>

#include "base/rng.h"
#include "novelty/drift.h"

namespace novelty {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kFrame = kSecond / 10;

// Normal scores lie around 1, an event begins at 3 and goes on to 2.5: the bound is 1.
EventOptions options_of(double threshold = 3, double exit = 2.5) {
  return {threshold, exit, kFrame, 2 * kFrame, kSecond};
}

DriftTracker tracker_of(std::int64_t time_constant_ns = DriftTracker::kTimeConstantNs) {
  DriftTracker drift(time_constant_ns);
  drift.configure(1, options_of(), options_of());
  return drift;
}

// Pushes `score` at 10 frames a second over [from, to) and gives the time it came to.
std::int64_t push_for(DriftTracker& drift, std::int64_t from, std::int64_t to, double score,
                      bool frozen = false) {
  for (; from < to; from += kFrame) drift.push(from, score, frozen);
  return from;
}

TEST(Drift, IsBoundedByHalfOfTheWayToTheThreshold) {
  EXPECT_DOUBLE_EQ(tracker_of().bound(), 1);
  DriftTracker drift = tracker_of();
  drift.configure(1, options_of(3), options_of(2, 1.5));
  EXPECT_DOUBLE_EQ(drift.bound(), 0.5) << "of the lower threshold";
  drift.configure(1, options_of(3), options_of(9, 9));
  EXPECT_DOUBLE_EQ(drift.bound(), 1) << "a higher one does not widen it";
  drift.configure(1, options_of(3), options_of(-4, -4));
  EXPECT_EQ(drift.bound(), 0) << "a threshold under the median leaves nothing to follow";
}

TEST(Drift, FollowsALastingChangeWithinTenMinutes) {
  DriftTracker drift = tracker_of();
  const auto half = push_for(drift, 0, 2 * kMinute + 30 * kSecond, 1.5);
  EXPECT_NEAR(drift.offset(), 0.25, 0.001);
  push_for(drift, half, 10 * kMinute, 1.5);
  EXPECT_DOUBLE_EQ(drift.offset(), 0.5) << "and goes no further than the scores";
}

TEST(Drift, FollowsDownAsWell) {
  DriftTracker drift = tracker_of();
  push_for(drift, 0, 60 * kMinute, 0.7);
  EXPECT_DOUBLE_EQ(drift.offset(), -0.3);
}

TEST(Drift, IsOfStreamTimeNotFrames) {
  DriftTracker often = tracker_of(), seldom = tracker_of();
  for (std::int64_t t = 0; t <= kMinute; t += kFrame) often.push(t, 2, false);
  for (std::int64_t t = 0; t <= kMinute; t += kSecond) seldom.push(t, 2, false);
  EXPECT_NEAR(often.offset(), 0.1, 1e-9);
  EXPECT_NEAR(seldom.offset(), often.offset(), 1e-9);
}

TEST(Drift, AsksNoFrameForMoreThanTenSeconds) {
  DriftTracker drift = tracker_of();
  drift.push(0, 2, false);
  drift.push(5 * kMinute, 2, false);
  EXPECT_NEAR(drift.offset(), 10.0 / 600, 1e-9);
}

TEST(Drift, IsMovedByHowManyFramesAreHighNotByHowHigh) {
  DriftTracker little = tracker_of(), much = tracker_of();
  push_for(little, 0, kMinute, 1.5);
  push_for(much, 0, kMinute, 2.4);
  EXPECT_DOUBLE_EQ(little.offset(), much.offset());
}

TEST(Drift, DoesNotFollowAnEvent) {
  DriftTracker drift = tracker_of();
  push_for(drift, 0, 60 * kMinute, 2, true);
  EXPECT_EQ(drift.offset(), 0) << "an event is open, or the guard holds";
  push_for(drift, 60 * kMinute, 120 * kMinute, 2.5);
  EXPECT_EQ(drift.offset(), 0) << "over the exit threshold, in no event";
  push_for(drift, 120 * kMinute, 121 * kMinute, 2);
  EXPECT_NEAR(drift.offset(), 0.1, 0.001) << "the frozen hours count for nothing";
}

// The worst an intruder can do: stay just under the exit threshold, which rises with the offset.
TEST(Drift, CannotAbsorbAnIntruderBeyondTheBound) {
  DriftTracker drift = tracker_of();
  for (std::int64_t t = 0; t < 300 * kMinute; t += kFrame) {
    drift.push(t, 2.49 + drift.offset(), false);
    ASSERT_LE(drift.offset(), 1);
  }
  EXPECT_DOUBLE_EQ(drift.offset(), 1);
  EXPECT_GE(4 - drift.offset(), 3) << "the threshold and the bound over it is still an event";
}

TEST(Drift, KeepsTheOffsetWithinABoundThatShrinks) {
  DriftTracker drift = tracker_of();
  push_for(drift, 0, 20 * kMinute, 2);
  EXPECT_DOUBLE_EQ(drift.offset(), 1);
  drift.configure(1, options_of(), options_of(1.5, 1.2));
  EXPECT_DOUBLE_EQ(drift.offset(), 0.25);
}

TEST(Drift, RollsBack) {
  DriftTracker drift = tracker_of();
  push_for(drift, 0, 5 * kMinute, 2);
  drift.reset();
  EXPECT_EQ(drift.offset(), 0);
  drift.push(300 * kMinute, 2, false);
  EXPECT_EQ(drift.offset(), 0) << "the first frame after that only starts the time";
}

TEST(Drift, OutlivesJumpsUpToTheTimeConstantOnly) {
  DriftTracker drift = tracker_of();
  auto now = push_for(drift, 0, 20 * kMinute, 1.5);
  drift.push(now += 9 * kMinute, 1.5, false);
  EXPECT_DOUBLE_EQ(drift.offset(), 0.5);
  drift.push(now -= 9 * kMinute, 1.5, false);
  EXPECT_DOUBLE_EQ(drift.offset(), 0.5) << "back as well as forth";
  drift.push(now += 11 * kMinute, 1.5, false);
  EXPECT_EQ(drift.offset(), 0);
  push_for(drift, now, now + 5 * kMinute, 1.5);
  drift.push(0, 1.5, false);
  EXPECT_EQ(drift.offset(), 0);
}

TEST(Drift, SurvivesTheEndsOfTime) {
  DriftTracker drift = tracker_of();
  drift.push(std::numeric_limits<std::int64_t>::min(), 2, false);
  drift.push(std::numeric_limits<std::int64_t>::max(), 2, false);
  EXPECT_EQ(drift.offset(), 0);
}

// Normal scores of deviation 0.5 and a memory of 5 s that swing by 0.8 over `period_min` (0: not).
struct Scene {
  double period_min = 0;
  std::uint64_t seed = 0;

  double drift_at(std::int64_t time_ns) const {
    if (period_min == 0) return 0;
    return 0.8 *
           std::sin(2 * std::numbers::pi * static_cast<double>(time_ns) / (60e9 * period_min));
  }
};

struct Outcome {
  double events_an_hour = 0;
  double error = 0;  // root of the mean square of the offset less what the scene drifted
};

// By the live logic. time_constant_ns 0: without adaptation.
Outcome simulate(const Scene& scene, std::int64_t time_constant_ns, int hours) {
  DriftTracker drift = tracker_of(std::max<std::int64_t>(time_constant_ns, 1));
  EventTracker events(options_of());
  Rng rng(scene.seed);
  const double memory = std::exp(-0.1 / 5);  // from frame to frame
  double noise = 0, squares = 0;
  int begun = 0, frames = 0;
  for (std::int64_t t = 0; t < hours * 60 * kMinute; t += kFrame, ++frames) {
    noise = memory * noise + std::sqrt(1 - memory * memory) * rng.normal();
    const double score = 1 + scene.drift_at(t) + 0.5 * noise;
    const EventStep step = events.push(t, score - drift.offset());
    begun += step.change == EventChange::kBegin ? 1 : 0;
    const double error = drift.offset() - scene.drift_at(t);
    squares += error * error;
    if (time_constant_ns > 0) drift.push(t, score, step.frame.event.has_value());
  }
  return {static_cast<double>(begun) / hours, std::sqrt(squares / frames)};
}

// With NOVELTY_SOAK set it prints the table of docs/method.md.
TEST(Drift, TenMinutesFollowDaylightAndLeaveNoiseAlone) {
  const bool soak = std::getenv("NOVELTY_SOAK") != nullptr;
  for (const int minutes : soak ? std::vector{0, 1, 3, 10, 30, 100} : std::vector<int>{}) {
    std::printf("%3d min:", minutes);
    for (const Scene& scene : {Scene{0, 1}, Scene{60, 2}, Scene{720, 3}}) {
      const Outcome outcome = simulate(scene, minutes * kMinute, 200);
      std::printf("  %.2f an hour, error %.2f", outcome.events_an_hour, outcome.error);
    }
    std::printf("\n");
  }
  const Outcome still = simulate({0, 1}, DriftTracker::kTimeConstantNs, 24);
  EXPECT_LT(still.events_an_hour, 0.3);
  EXPECT_LT(still.error, 0.1);
  const Scene day{720, 3};
  const Outcome without = simulate(day, 0, 24);
  const Outcome with = simulate(day, DriftTracker::kTimeConstantNs, 24);
  EXPECT_GT(without.events_an_hour, 2);
  EXPECT_LT(with.events_an_hour, 0.3);
  EXPECT_LT(with.error, 0.1);
}

}  // namespace
}  // namespace novelty
