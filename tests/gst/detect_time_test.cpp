// SPDX-License-Identifier: Apache-2.0
// The same events whichever frames are scored and however fast, or which way round, they come.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "detect_harness.h"
#include "drawn_clip.h"
#include "test_model.h"

namespace novelty::testing {
namespace {

constexpr std::uint64_t kSmoothing = 100 * GST_MSECOND;
constexpr const char* kTimes = " smoothing=100000000 min-duration=120000000 hold=400000000 ";

bool within(std::uint64_t time, std::uint64_t from_ms, std::uint64_t to_ms) {
  return time >= from_ms * GST_MSECOND && time < to_ms * GST_MSECOND;
}

// Two events, the second with a lapse of two frames, and an odd frame between them that is none.
double two_events(std::uint64_t time) {
  if (within(time, 4400, 4480)) return 0.1;
  if (within(time, 1000, 2200) || within(time, 3800, 5200)) return 0.5;
  return within(time, 3000, 3040) ? 0.4 : 0.1;
}

PlayedClip play(const std::string& properties, bool live = false, double rate = 1) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  const std::string model = "model=" + (dir / "m.novelty");
  PlayedClip clip = play_drawn(two_events, {model + kTimes + properties, 150, live, rate});
  EXPECT_EQ(clip.failure, "");
  return clip;
}

// Begin and end of each event, in the order told.
std::vector<std::uint64_t> bounds_of(const PlayedClip& clip) {
  std::vector<std::uint64_t> bounds;
  for (const NoveltyEvent& event : clip.told) {
    if (event.change == EventChange::kUpdate) continue;
    bounds.push_back(event.stream_time);
    if (event.change == EventChange::kEnd) {
      EXPECT_EQ(event.reason, "over");
    }
  }
  return bounds;
}

void expect_same_events(const PlayedClip& reference, const PlayedClip& clip) {
  const auto expected = bounds_of(reference), actual = bounds_of(clip);
  ASSERT_EQ(expected.size(), 4U);
  ASSERT_EQ(actual.size(), expected.size());
  const std::uint64_t tolerance = clip.longest_gap_ns + kSmoothing;
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_LE(std::abs(GST_CLOCK_DIFF(expected[i], actual[i])),
              static_cast<GstClockTimeDiff>(tolerance))
        << "bound " << i << ": " << actual[i] << " for " << expected[i];
}

TEST(NoveltyTime, EveryFrameFindsTheDrawnEvents) {
  const PlayedClip clip = play("mode=every-frame");
  const auto bounds = bounds_of(clip);
  ASSERT_EQ(bounds.size(), 4U);
  EXPECT_NEAR(static_cast<double>(bounds[0]) / 1e9, 1.16, 0.041);
  EXPECT_EQ(bounds[1], 2160 * GST_MSECOND);
  EXPECT_NEAR(static_cast<double>(bounds[2]) / 1e9, 3.96, 0.041);
  EXPECT_EQ(bounds[3], 5160 * GST_MSECOND);
  EXPECT_EQ(clip.scored, 150U);
}

TEST(NoveltyTime, AnIntervalOfThreeFindsTheSameEvents) {
  const PlayedClip third = play("mode=every-frame inference-interval=3");
  EXPECT_EQ(third.scored, 50U);
  EXPECT_EQ(third.longest_gap_ns, 3 * kFrame);
  expect_same_events(play("mode=every-frame"), third);
}

// A camera, and a score that takes longer than a frame.
TEST(NoveltyTime, LatestFindsTheSameEvents) {
  const PlayedClip reference = play("mode=every-frame");
  setenv("NOVELTY_FAKE_BURN_MS", "60", 1);
  const PlayedClip latest = play("mode=latest", true);
  unsetenv("NOVELTY_FAKE_BURN_MS");
  std::printf("latest scored %d of 150 frames, at most %.2f s apart\n",
              static_cast<int>(latest.scored), static_cast<double>(latest.longest_gap_ns) / 1e9);
  EXPECT_LT(latest.scored, 120U) << "no frame was skipped";
  if (latest.longest_gap_ns > 500 * GST_MSECOND)
    GTEST_SKIP() << "the machine was too busy: no score for more than half a second";
  expect_same_events(reference, latest);
}

TEST(NoveltyTime, TwiceTheSpeedIsTheSameStreamTime) {
  EXPECT_EQ(bounds_of(play("mode=every-frame", false, 2)), bounds_of(play("mode=every-frame")));
}

// Backwards an event begins at its late end.
TEST(NoveltyTime, BackwardsItIsTheSameEventsTheOtherWayRound) {
  const PlayedClip clip = play("mode=every-frame", false, -1);
  const auto bounds = bounds_of(clip);
  ASSERT_EQ(bounds.size(), 4U) << "neither a begin at each frame nor none";
  EXPECT_NEAR(static_cast<double>(bounds[0]) / 1e9, 5.0, 0.041);
  EXPECT_EQ(bounds[1], 3800 * GST_MSECOND);
  EXPECT_NEAR(static_cast<double>(bounds[2]) / 1e9, 2.0, 0.041);
  EXPECT_EQ(bounds[3], 1000 * GST_MSECOND);
  for (const NoveltyEvent& event : clip.told)
    EXPECT_TRUE(GST_CLOCK_TIME_IS_VALID(event.running_time));
}

void push_segment(DetectHarness& detect, double rate, std::uint64_t start, std::uint64_t base) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.rate = rate;
  segment.start = segment.time = segment.position = start;
  segment.base = base;
  gst_harness_push_event(detect.harness(), gst_event_new_segment(&segment));
}

TEST(NoveltyTime, AnotherSpeedLetsAnEventGoOn) {
  DetectHarness detect(std::string("mode=every-frame") + kTimes);
  detect.push_run(0.5, 0, 10);
  push_segment(detect, 2, 10 * kFrame, 10 * kFrame);
  detect.push_run(0.5, 10, 20);
  push_segment(detect, 1, 20 * kFrame, 15 * kFrame);
  detect.push_run(0.5, 20, 25);
  detect.push_run(0, 25, 40);
  const auto told = detect.messages();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].reason, "over");
  EXPECT_EQ(told[1].stream_time, 24 * kFrame);
  EXPECT_EQ(told[1].running_time, 19 * kFrame);
}

TEST(NoveltyTime, ASeekWithoutFlushEndsAnEvent) {
  DetectHarness detect(std::string("mode=every-frame") + kTimes);
  detect.push_run(0.5, 0, 10);
  push_segment(detect, 1, 1000 * kFrame, 10 * kFrame);
  detect.push_run(0.5, 1000, 1010);
  const auto told = detect.messages();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[1].reason, "discont");
  EXPECT_EQ(told[2].change, EventChange::kBegin);
  EXPECT_NE(told[2].event_id, told[0].event_id);
}

TEST(NoveltyTime, TurningRoundEndsAnEvent) {
  DetectHarness detect(std::string("mode=every-frame") + kTimes);
  detect.push_run(0.5, 0, 10);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  segment.stop = segment.position = 10 * kFrame;
  segment.base = 10 * kFrame;
  gst_harness_push_event(detect.harness(), gst_event_new_segment(&segment));
  for (int frame = 9; frame >= 5; --frame) detect.push(0.5, frame);
  const auto told = detect.messages();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[1].reason, "discont");
  EXPECT_EQ(told[2].stream_time, 6 * kFrame) << "0.12 s after the first frame backwards";
  EXPECT_EQ(told[2].running_time, 14 * kFrame);
}

TEST(NoveltyTime, AnotherIntervalWhilePlayingLetsAnEventGoOn) {
  DetectHarness detect(std::string("mode=every-frame") + kTimes);
  detect.push_run(0.5, 0, 10);
  g_object_set(detect.element(), "inference-interval", 5, nullptr);
  std::vector<std::uint64_t> ages;
  for (int frame = 10; frame < 20; ++frame)
    ages.push_back(detect.push(0.5, frame)->age_ns / kFrame);
  EXPECT_EQ(ages, (std::vector<std::uint64_t>{1, 2, 3, 4, 0, 1, 2, 3, 4, 0}));
  g_object_set(detect.element(), "inference-interval", 1, nullptr);
  EXPECT_EQ(detect.push(0.5, 20)->age_ns, 0U);
  EXPECT_EQ(detect.messages().size(), 1U);
}

TEST(NoveltyTime, AGapLongerThanTheHoldStartsTheMinimumDurationAnew) {
  DetectHarness detect(std::string("mode=every-frame") + kTimes);
  detect.push_run(0.5, 0, 2);
  gst_harness_push_event(detect.harness(), gst_event_new_gap(2 * kFrame, 20 * kFrame));
  detect.push(0.5, 22);
  EXPECT_TRUE(detect.messages().empty()) << "one frame is not 0.12 s";
  detect.push_run(0.5, 23, 26);
  EXPECT_EQ(detect.messages().size(), 1U);
}

}  // namespace
}  // namespace novelty::testing
