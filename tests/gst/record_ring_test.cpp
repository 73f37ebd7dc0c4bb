// SPDX-License-Identifier: Apache-2.0
// The parts of noveltyrecord that need no pipeline: the ring, the score curve and the feed.
#include "record_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "record_audio.h"
#include "record_curve.h"
#include "record_feed.h"

namespace novelty {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

RecordUnit unit_at(double seconds, bool key, std::size_t bytes = 1000) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes, nullptr);
  RecordUnit unit;
  unit.buffer = share_buffer(buffer);
  gst_buffer_unref(buffer);
  unit.time.running_ns = std::llround(seconds * 1e9);
  unit.decode_ns = unit.time.running_ns;
  unit.key = key;
  return unit;
}

std::vector<std::int64_t> times_of(const AudioTrack& track) {
  std::vector<std::int64_t> times;
  for (const AudioUnit& unit : track.between(0, 100'000'000'000)) times.push_back(unit.running_ns);
  return times;
}

void push_sound(AudioTrack& track, std::int64_t running_ns) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 8, nullptr);
  GstCaps* caps = gst_caps_new_empty_simple("audio/x-opus");
  track.push({share_buffer(buffer), share_caps(caps), running_ns});
  gst_caps_unref(caps);
  gst_buffer_unref(buffer);
}

TEST(AudioTrack, KeepsSoundWhoseTimesWaverAndForgetsWhatLiesBeforeAJumpBack) {
  AudioTrack track;
  for (const std::int64_t ms : {5000, 5020, 5019, 5040}) push_sound(track, ms * 1'000'000);
  EXPECT_EQ(times_of(track), (std::vector<std::int64_t>{5'000'000'000, 5'020'000'000, 5'020'000'001,
                                                        5'040'000'000}));
  push_sound(track, 2'000'000'000);
  EXPECT_EQ(times_of(track), std::vector<std::int64_t>{2'000'000'000});
}

TEST(RecordRing, StartsAtTheKeyFrameAtOrBeforeATime) {
  RecordRing ring(1 << 20);
  for (int i = 0; i < 50; ++i) ring.push(unit_at(i / 10.0, i % 10 == 0));
  EXPECT_EQ(ring.start_at(2'500'000'000), 20U);
  EXPECT_EQ(ring.start_at(2'000'000'000), 20U);
  EXPECT_EQ(ring.start_at(-1), 0U);
  EXPECT_EQ(ring.key_after_or_null(2'000'000'000)->number, 30U);
  EXPECT_EQ(ring.key_after_or_null(4'000'000'000), nullptr);
}

// A clip may begin five seconds back, and key frames come every ten.
TEST(RecordRing, StaysBoundedOverTenThousandSecondsOfSparseKeyFrames) {
  RecordRing ring(64U << 20);
  for (int i = 0; i < 250'000; ++i) {
    ring.push(unit_at(i / 25.0, i % 250 == 0, 4000));
    const std::int64_t from = static_cast<std::int64_t>(i) * kSecond / 25 - 5 * kSecond;
    ring.trim(from);
    ASSERT_TRUE(ring.units().front().key);
    ASSERT_LE(ring.units().size(), 25U * 15 + 1);  // five seconds and one group of pictures
    ASSERT_TRUE(i < 125 || ring.units().front().time.running_ns <= from);
  }
  EXPECT_EQ(ring.bytes(), ring.units().size() * 4000);
}

TEST(RecordRing, StaysWithinItsBytesWithSparseKeyFrames) {
  RecordRing ring(50'000);
  for (int i = 0; i < 10'000; ++i) {
    ring.push(unit_at(i / 10.0, i % 200 == 0));
    ASSERT_LE(ring.bytes(), 50'000U);
    ASSERT_TRUE(ring.units().empty() || ring.units().front().key);
  }
}

TEST(RecordRing, HoldsNothingBeforeAKeyFrame) {
  RecordRing ring(1 << 20);
  ring.push(unit_at(0, false));
  EXPECT_TRUE(ring.units().empty());
  EXPECT_EQ(ring.start_at(0), std::nullopt);
  EXPECT_TRUE(ring.group_up_to(0).empty());
  ring.push(unit_at(0.1, true));
  EXPECT_EQ(ring.start_at(0), 1U);
  EXPECT_EQ(ring.find_or_null(0), nullptr);
  EXPECT_NE(ring.find_or_null(1), nullptr);
}

TEST(RecordRing, GivesWhatADecoderNeedsForAPicture) {
  RecordRing ring(1 << 20);
  for (int i = 0; i < 50; ++i) ring.push(unit_at(i / 10.0, i % 10 == 0));
  const auto group = ring.group_up_to(2'310'000'000);
  ASSERT_EQ(group.size(), 4U);
  EXPECT_EQ(group.front().number, 20U);
  EXPECT_EQ(group.back().number, 23U);
  EXPECT_EQ(ring.group_up_to(2'000'000'000).size(), 1U);
  EXPECT_EQ(ring.group_up_to(100 * kSecond).back().number, 49U);
}

TEST(ScoreCurve, KeepsEveryPointUpToItsBound) {
  ScoreCurve curve;
  for (int i = 0; i < 3000; ++i) curve.add({i, i % 7 + 0.0, 0.5, 2});
  ASSERT_EQ(curve.points().size(), 3000U);
  EXPECT_EQ(curve.points()[8].at_ns, 8);
}

TEST(ScoreCurve, ThinsALongRecordingAndKeepsItsPeaks) {
  ScoreCurve curve;
  for (int i = 0; i < 100'000; ++i) curve.add({i, i % 1000 == 501 ? 9.0 : 1.0, 0.5, 2});
  const auto& points = curve.points();
  EXPECT_LE(points.size(), ScoreCurve::kMaxPoints);
  EXPECT_GT(points.size(), ScoreCurve::kMaxPoints / 2);
  const auto peaks = std::count_if(points.begin(), points.end(),
                                   [](const ScorePoint& point) { return point.score == 9.0; });
  EXPECT_EQ(peaks, 100);
  EXPECT_TRUE(
      std::is_sorted(points.begin(), points.end(),
                     [](const ScorePoint& a, const ScorePoint& b) { return a.at_ns < b.at_ns; }));
}

void push_frame(RecordFeed& feed, std::int64_t at_ns, std::uint64_t age_ns,
                const std::string& event) {
  GstBuffer* buffer = gst_buffer_new();
  NoveltyMeta meta;
  meta.event_id = event;
  meta.age_ns = age_ns;
  meta.scored_pts = static_cast<GstClockTime>(at_ns) - age_ns;
  add_novelty_meta(buffer, meta);
  feed.push(buffer, at_ns);
  gst_buffer_unref(buffer);
}

TEST(RecordFeed, TellsEachScoredFrameOnceAndByItsOwnTime) {
  RecordFeed feed;
  EXPECT_EQ(feed.observed_ns(), RecordFeed::kNothingSeen);
  push_frame(feed, 1000, 0, "A");
  push_frame(feed, 1100, 100, "A");
  push_frame(feed, 1300, 50, "A");
  EXPECT_EQ(feed.observed_ns(), 1250);
  EXPECT_EQ(feed.take_until(1249).size(), 1U);
  const auto rest = feed.take_until(1250);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].at_ns, 1250);
}

TEST(RecordFeed, IsBoundedWhenNobodyTakes) {
  RecordFeed feed;
  for (int i = 0; i < 50'000; ++i) push_frame(feed, i, 0, "");
  EXPECT_EQ(feed.take_until(1 << 20).size(), 18'000U);
}

TEST(RecordFeed, EndsAWaitByAFrameTheEndOrAFlush) {
  RecordFeed feed;
  EXPECT_FALSE(feed.wait_beyond(RecordFeed::kNothingSeen, 1));
  std::thread detector([&] { push_frame(feed, 1000, 0, ""); });
  EXPECT_TRUE(feed.wait_beyond(RecordFeed::kNothingSeen, 30'000));
  detector.join();
  std::thread end([&] { feed.end(); });
  EXPECT_TRUE(feed.wait_beyond(1000, 30'000));
  end.join();
  EXPECT_EQ(feed.observed_ns(), RecordFeed::kAllSeen);
  std::thread flush([&] { feed.set_flushing(true); });
  EXPECT_FALSE(feed.wait_beyond(RecordFeed::kAllSeen, 30'000));
  flush.join();
}

}  // namespace
}  // namespace novelty

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  novelty::register_novelty_meta();
  return RUN_ALL_TESTS();
}
