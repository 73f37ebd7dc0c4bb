// SPDX-License-Identifier: Apache-2.0
// What noveltydetect tells of events, on the bus and downstream, and when it ends them.
#include <gtest/gtest.h>

#include <regex>

#include "detect_harness.h"

namespace novelty::testing {
namespace {

constexpr const char* kHold = "mode=every-frame hold=200000000 ";  // five frames

void expect_changes(const std::vector<NoveltyEvent>& told,
                    const std::vector<EventChange>& expected) {
  std::vector<EventChange> changes;
  changes.reserve(told.size());
  for (const auto& event : told) changes.push_back(event.change);
  EXPECT_EQ(changes, expected);
}

constexpr auto kBegin = EventChange::kBegin;
constexpr auto kUpdate = EventChange::kUpdate;
constexpr auto kEnd = EventChange::kEnd;

TEST(NoveltyEvents, ToldOncePerChange) {
  DetectHarness detect(std::string(kHold) + "camera=door");
  detect.push_run(0, 0, 5);
  detect.push_run(0.5, 5, 10);
  detect.push_run(0, 10, 30);
  const auto told = detect.messages();
  expect_changes(told, {kBegin, kEnd});
  EXPECT_EQ(told[0].event_id, told[1].event_id);
  EXPECT_EQ(told[0].camera, "door");
  EXPECT_EQ(told[0].stream_time, 5 * kFrame);
  EXPECT_EQ(told[0].running_time, 5 * kFrame);
  EXPECT_NEAR(told[0].peak_score, 1.0, 0.5);
  EXPECT_LT(told[0].p_value, 0.01);
  ASSERT_TRUE(told[0].region);
  EXPECT_EQ(told[0].region->width, 1.0F);
  EXPECT_TRUE(told[0].reason.empty());
  EXPECT_EQ(told[1].stream_time, 9 * kFrame);
  EXPECT_EQ(told[1].reason, "over");
}

TEST(NoveltyEvents, GoDownstreamBeforeTheFrameTheyBelongTo) {
  DetectHarness detect(kHold);
  detect.push_run(0, 0, 3);
  EXPECT_TRUE(detect.events().empty());
  detect.push_only(0.5, 3);
  const auto told = detect.events();
  expect_changes(told, {kBegin});
  GstBuffer* frame = gst_harness_pull(detect.harness());
  EXPECT_EQ(read_novelty_meta(frame)->event_id, told[0].event_id);
  gst_buffer_unref(frame);
}

TEST(NoveltyEvents, UpdateAtMostOnceASecond) {
  DetectHarness detect(kHold);
  for (int frame = 0; frame < 76; ++frame)
    detect.push(0.4 + 0.005 * frame, frame);  // three seconds
  const auto told = detect.messages();
  expect_changes(told, {kBegin, kUpdate, kUpdate, kUpdate});
  EXPECT_EQ(told[1].stream_time, 25 * kFrame);
  EXPECT_GT(told[3].peak_score, told[1].peak_score);
}

TEST(NoveltyEvents, StayOffTheBusWhenAsked) {
  DetectHarness detect(std::string(kHold) + "post-messages=false");
  detect.push(0.5, 0);
  EXPECT_TRUE(detect.messages().empty());
  expect_changes(detect.events(), {kBegin});
}

TEST(NoveltyEvents, EndAtEndOfStream) {
  DetectHarness detect(kHold);
  detect.push(0.5, 0);
  gst_harness_push_event(detect.harness(), gst_event_new_eos());
  const auto told = detect.messages();
  expect_changes(told, {kBegin, kEnd});
  EXPECT_EQ(told[1].reason, "eos");
  expect_changes(detect.events(), {kBegin, kEnd});
}

TEST(NoveltyEvents, NothingIsToldAtEndOfStreamWithoutAFrame) {
  DetectHarness detect;
  gst_harness_push_event(detect.harness(), gst_event_new_eos());
  EXPECT_TRUE(detect.messages().empty());
}

TEST(NoveltyEvents, EndWhenTheElementStops) {
  DetectHarness detect(kHold);
  detect.push(0.5, 0);
  gst_element_set_state(detect.element(), GST_STATE_READY);
  const auto told = detect.messages();
  expect_changes(told, {kBegin, kEnd});
  EXPECT_EQ(told[1].reason, "stopped");
}

TEST(NoveltyEvents, EndAtAFlush) {
  DetectHarness detect(kHold);
  detect.push(0.5, 0);
  gst_harness_push_event(detect.harness(), gst_event_new_flush_start());
  gst_harness_push_event(detect.harness(), gst_event_new_flush_stop(TRUE));
  const auto told = detect.messages();
  expect_changes(told, {kBegin, kEnd});
  EXPECT_EQ(told[1].reason, "flush");
  EXPECT_EQ(told[1].running_time, 0U);
}

TEST(NoveltyEvents, AreOfOneTimeline) {
  DetectHarness detect(kHold);
  detect.push(0.5, 0);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(detect.harness(), gst_event_new_segment(&segment));
  EXPECT_EQ(detect.messages().size(), 1U) << "the same timeline again changes nothing";
  segment.base = GST_SECOND;
  gst_harness_push_event(detect.harness(), gst_event_new_segment(&segment));
  const auto ended = detect.messages();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].reason, "discont");
  detect.push(0.5, 3);
  const auto begun = detect.messages();
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(begun[0].stream_time, 3 * kFrame);
  EXPECT_EQ(begun[0].running_time, 3 * kFrame + GST_SECOND);
}

TEST(NoveltyEvents, EndWhenAnotherStreamStarts) {
  DetectHarness detect(kHold);
  detect.push(0.5, 0);
  gst_harness_push_event(detect.harness(), gst_event_new_stream_start("another"));
  const auto told = detect.messages();
  expect_changes(told, {kBegin, kEnd});
  EXPECT_EQ(told[1].reason, "discont");
}

TEST(NoveltyEvents, HeldOneEndsInAGap) {
  DetectHarness detect(kHold);
  detect.push(0.5, 0);
  detect.push(0, 1);
  gst_harness_push_event(detect.harness(), gst_event_new_gap(2 * kFrame, kFrame));
  EXPECT_EQ(detect.messages().size(), 1U);
  gst_harness_push_event(detect.harness(), gst_event_new_gap(3 * kFrame, 10 * kFrame));
  const auto told = detect.messages();
  expect_changes(told, {kEnd});
  EXPECT_EQ(told[0].reason, "over");
}

TEST(NoveltyEvents, EndWhenFramesAreLostForLongerThanTheHold) {
  DetectHarness detect(kHold);
  detect.push(0.5, 0);
  GstBuffer* late = grey_buffer(kGray, 0, 100 * kFrame);
  GST_BUFFER_FLAG_SET(late, GST_BUFFER_FLAG_DISCONT);
  detect.push(late);
  expect_changes(detect.messages(), {kBegin, kEnd});
}

TEST(NoveltyEvents, EndWhenTimeGoesBack) {
  DetectHarness detect(kHold);
  detect.push(0.5, 50);
  detect.push(0, 10);
  const auto told = detect.messages();
  expect_changes(told, {kBegin, kEnd});
  EXPECT_EQ(told[1].reason, "discont");
}

TEST(NoveltyEvents, HaveTheTimeOfDayWhenLive) {
  DetectHarness detect(kHold);  // a harness answers the latency query as a live source does
  detect.push(0.5, 0);
  const auto live = detect.messages();
  ASSERT_EQ(live.size(), 1U);
  EXPECT_TRUE(std::regex_match(live[0].wall_clock,
                               std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)")))
      << live[0].wall_clock;
}

TEST(NoveltyEvents, SurviveTheirStructure) {
  NoveltyEvent event;
  event.change = kEnd;
  event.event_id = "01";
  event.camera = "door";
  event.running_time = 1;
  event.stream_time = 2;
  event.wall_clock = rfc3339_utc(1'000'000'000'250'000);
  event.peak_score = 3;
  event.p_value = 0.25;
  event.region = Region{0.125F, 0.25F, 0.5F, 0.75F, 0.5F};
  event.reason = "eos";
  GstStructure* fields = structure_of(event);
  const auto read = novelty_event_of(fields);
  gst_structure_free(fields);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->change, kEnd);
  EXPECT_EQ(read->event_id, "01");
  EXPECT_EQ(read->running_time, 1U);
  EXPECT_EQ(read->stream_time, 2U);
  EXPECT_EQ(read->wall_clock, "2001-09-09T01:46:40.250000Z");
  EXPECT_EQ(read->peak_score, 3);
  EXPECT_EQ(read->p_value, 0.25);
  ASSERT_TRUE(read->region);
  EXPECT_EQ(read->region->height, 0.75F);
  EXPECT_EQ(read->reason, "eos");
  EXPECT_FALSE(novelty_event_of(nullptr));
}

}  // namespace
}  // namespace novelty::testing
