// SPDX-License-Identifier: Apache-2.0
// What noveltydetect puts on a frame, whatever the frame looks like.
#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>
#include <gtest/gtest.h>

#include <string>

#include "detect_harness.h"

namespace novelty::testing {
namespace {

constexpr double kRounding = 0.03;  // of 8-bit grey in a score of about 1

// What every picture of this grey scores, whatever its format and size.
double score_of_half_grey() {
  DetectHarness detect;
  return detect.push(0.5, 0)->score;
}

std::string caps_of(const std::string& format, int width, int height) {
  return "video/x-raw,format=" + format + ",width=" + std::to_string(width) +
         ",height=" + std::to_string(height) + ",framerate=25/1";
}

TEST(NoveltyDetect, PutsScoreMapAndRegionsOnEachFrame) {
  DetectHarness detect("mode=every-frame camera=door");
  const auto meta = detect.push(0.5, 3);
  ASSERT_TRUE(meta);
  EXPECT_NEAR(meta->score, 1.0, 0.5);
  EXPECT_EQ(meta->smoothed, meta->score);
  EXPECT_EQ(meta->threshold, 0.5);
  EXPECT_LT(meta->p_value, 0.01);
  EXPECT_TRUE(meta->novel);
  EXPECT_FALSE(meta->held);
  EXPECT_EQ(meta->event_id.size(), 26U);
  EXPECT_EQ(meta->camera, "door");
  EXPECT_EQ(meta->scored_pts, 3 * kFrame);
  EXPECT_EQ(meta->age_ns, 0U);
  EXPECT_EQ(meta->model_id.size(), 64U);
  ASSERT_EQ(meta->map_size, 4);
  EXPECT_NEAR(unpack_map(*meta).at(7), 2.0, 1.0);
  ASSERT_EQ(meta->region_count, 1);
  EXPECT_EQ(unpack_regions(*meta).at(0).width, 1.0F);
}

TEST(NoveltyDetect, SaysThatABlackFrameIsNormal) {
  DetectHarness detect;
  const auto meta = detect.push(0, 0);
  ASSERT_TRUE(meta);
  EXPECT_FALSE(meta->novel);
  EXPECT_TRUE(meta->event_id.empty());
  EXPECT_EQ(meta->region_count, 0);
}

TEST(NoveltyDetect, LeavesThePixelsAlone) {
  DetectHarness detect;
  GstBuffer* in = grey_buffer(kGray, 0.5, 0);
  GstBuffer* kept = gst_buffer_copy_deep(in);
  gst_harness_push(detect.harness(), in);
  GstBuffer* out = gst_harness_pull(detect.harness());
  GstMapInfo map;
  ASSERT_TRUE(gst_buffer_map(kept, &map, GST_MAP_READ));
  EXPECT_EQ(gst_buffer_memcmp(out, 0, map.data, map.size), 0);
  gst_buffer_unmap(kept, &map);
  gst_buffer_unref(kept);
  gst_buffer_unref(out);
}

// A buffer that someone else holds is not changed.
TEST(NoveltyDetect, PutsNoMetaOnASharedBuffer) {
  DetectHarness detect;
  GstBuffer* in = gst_buffer_ref(grey_buffer(kGray, 0.5, 0));
  EXPECT_TRUE(detect.push(in));
  EXPECT_FALSE(read_novelty_meta(in));
  gst_buffer_unref(in);
}

class Formats : public ::testing::TestWithParam<const char*> {};

TEST_P(Formats, ScoreTheSame) {
  const struct {
    int width, height, padding;
  } sizes[] = {{64, 64, 0}, {1, 1, 0}, {2, 1, 0}, {65, 63, 0}, {65, 63, 12}, {7, 301, 4}};
  for (const auto& size : sizes) {
    const std::string caps = caps_of(GetParam(), size.width, size.height);
    DetectHarness detect("mode=every-frame", caps.c_str());
    const auto meta = detect.push(grey_buffer(caps.c_str(), 0.5, 0, size.padding));
    ASSERT_TRUE(meta) << caps;
    EXPECT_NEAR(meta->score, score_of_half_grey(), kRounding)
        << caps << " padding " << size.padding;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Formats,
                         ::testing::Values("NV12", "I420", "YUY2", "RGB", "BGR", "RGBA", "RGBx",
                                           "BGRA", "BGRx", "GRAY8"),
                         [](const auto& param) { return std::string(param.param); });

TEST(NoveltyDetect, TakesALargeFrame) {
  const std::string caps = caps_of("I420", 4000, 3000);
  DetectHarness detect("mode=every-frame", caps.c_str());
  EXPECT_NEAR(detect.push(0.5, 0)->score, score_of_half_grey(), kRounding);
}

TEST(NoveltyDetect, TakesNewCapsInMidStream) {
  DetectHarness detect("mode=every-frame hold=1000000000");
  const auto before = detect.push(0.5, 0);
  const std::string caps = caps_of("NV12", 321, 123);
  detect.set_caps(caps.c_str());
  const auto after = detect.push(0.5, 1);
  ASSERT_TRUE(before && after);
  EXPECT_NEAR(after->score, before->score, kRounding);
  EXPECT_EQ(after->event_id, before->event_id);
}

TEST(NoveltyDetect, RefusesAFormatItCannotScore) {
  DetectHarness detect;
  GstPad* sink = gst_element_get_static_pad(detect.element(), "sink");
  GstCaps* caps = gst_caps_from_string("video/x-raw,format=ARGB64,width=8,height=8,framerate=1/1");
  EXPECT_FALSE(gst_pad_query_accept_caps(sink, caps));
  gst_caps_unref(caps);
  gst_object_unref(sink);
}

TEST(NoveltyDetect, CarriesTheLastResultBetweenScoredFrames) {
  DetectHarness detect("mode=every-frame inference-interval=3");
  for (int frame = 0; frame < 7; ++frame) {
    const auto meta = detect.push(frame < 3 ? 0.5 : 0, frame);
    ASSERT_TRUE(meta);
    const int scored = frame / 3 * 3;
    EXPECT_EQ(meta->scored_pts, static_cast<GstClockTime>(scored) * kFrame);
    EXPECT_EQ(meta->age_ns, static_cast<GstClockTime>(frame - scored) * kFrame);
    EXPECT_EQ(meta->novel, frame < 3);
  }
}

guint64 count_of(DetectHarness& detect, const char* name) {
  GstStructure* stats = nullptr;
  g_object_get(detect.element(), "stats", &stats, nullptr);
  guint64 count = 0;
  EXPECT_TRUE(gst_structure_get_uint64(stats, name, &count)) << name;
  gst_structure_free(stats);
  return count;
}

// The backend of the tests fails at its third score.
TEST(NoveltyDetect, DoesNotScoreAnUnchangedFrameAgain) {
  setenv("NOVELTY_FAKE_FAIL_AFTER", "3", 1);
  DetectHarness detect("mode=every-frame hold=0");
  unsetenv("NOVELTY_FAKE_FAIL_AFTER");
  const auto first = detect.push(0.5, 0);
  for (int frame = 1; frame < 5; ++frame) {
    const auto again = detect.push(0.5, frame);
    ASSERT_TRUE(again) << frame;
    EXPECT_EQ(again->score, first->score);
    EXPECT_EQ(again->p_value, first->p_value);
    EXPECT_EQ(again->event_id, first->event_id);
    EXPECT_EQ(again->scored_pts, static_cast<GstClockTime>(frame) * kFrame);
    EXPECT_EQ(again->age_ns, 0U);
  }
  EXPECT_LT(detect.push(0, 5)->score, 0.1) << "the second score";
  EXPECT_EQ(count_of(detect, "scored"), 6U);
  EXPECT_EQ(count_of(detect, "unchanged"), 4U);
  EXPECT_EQ(detect.push_only(0.25, 6), GST_FLOW_ERROR) << "changed: the third score";
}

TEST(NoveltyDetect, ScoresAnUnchangedFrameAgainAfterTenSeconds) {
  DetectHarness detect("mode=every-frame");
  detect.push_run(0.5, 0, 502);  // 20 s and a frame
  EXPECT_EQ(count_of(detect, "scored"), 502U);
  EXPECT_EQ(count_of(detect, "unchanged"), 500U);
}

TEST(NoveltyDetect, ScoresAnUnchangedFrameUnderANewMask) {
  DetectHarness detect("mode=every-frame");
  const double whole = detect.push(0.5, 0)->score;
  g_object_set(detect.element(), "ignore", "0,0 1,0 1,1 0,0.5", nullptr);
  EXPECT_LT(detect.push(0.5, 1)->score, whole);
  EXPECT_EQ(count_of(detect, "unchanged"), 0U);
}

// 0.5 is 128 of 255, 0.506 is 129, 0.51 is 130: each as far from the scored frame as it says.
TEST(NoveltyDetect, ToleratesSoMuchChangeOfAnUnchangedFrame) {
  DetectHarness detect("mode=every-frame unchanged-tolerance=1.5");
  const double score = detect.push(0.5, 0)->score;
  EXPECT_EQ(detect.push(0.506, 1)->score, score);
  EXPECT_GT(detect.push(0.51, 2)->score, score) << "two levels from the frame that was scored";
  EXPECT_EQ(count_of(detect, "unchanged"), 1U);
}

TEST(NoveltyDetect, TakesFramesWithoutTime) {
  DetectHarness detect("mode=every-frame hold=0");
  for (int frame = 0; frame < 3; ++frame) {
    const auto meta = detect.push(grey_buffer(kGray, 0.5, GST_CLOCK_TIME_NONE));
    ASSERT_TRUE(meta);
    EXPECT_EQ(meta->scored_pts, GST_CLOCK_TIME_NONE);
    EXPECT_EQ(meta->age_ns, 0U);
  }
  detect.push(grey_buffer(kGray, 0, GST_CLOCK_TIME_NONE));
  const auto told = detect.messages();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].stream_time, 2 * kFrame);
}

TEST(NoveltyDetect, ThresholdIsAPValue) {
  DetectHarness detect;
  g_object_set(detect.element(), "threshold", 0.5, nullptr);
  const auto lenient = detect.push(0.3, 0);
  ASSERT_TRUE(lenient);
  EXPECT_TRUE(lenient->novel);
  EXPECT_LT(lenient->threshold, 0.5);
  g_object_set(detect.element(), "threshold", 0.0, nullptr);
  EXPECT_FALSE(detect.push(1, 30)->novel);
  EXPECT_FALSE(detect.push(1, 31)->novel);
  g_object_set(detect.element(), "threshold", 1.0, nullptr);
  EXPECT_TRUE(detect.push(0, 60)->novel);
  g_object_set(detect.element(), "threshold", -1.0, nullptr);
  EXPECT_EQ(detect.push(0, 90)->threshold, 0.5);
}

TEST(NoveltyDetect, ThresholdFollowsAController) {
  DetectHarness detect("mode=every-frame");
  GstControlSource* source = gst_interpolation_control_source_new();
  g_object_set(source, "mode", GST_INTERPOLATION_MODE_NONE, nullptr);
  gst_object_add_control_binding(
      GST_OBJECT(detect.element()),
      gst_direct_control_binding_new_absolute(GST_OBJECT(detect.element()), "threshold", source));
  auto* points = GST_TIMED_VALUE_CONTROL_SOURCE(source);
  gst_timed_value_control_source_set(points, 0, 0.0);
  gst_timed_value_control_source_set(points, 2 * kFrame, 1.0);
  EXPECT_FALSE(detect.push(1, 0)->novel);
  EXPECT_TRUE(detect.push(1, 2)->novel);
  gst_object_unref(source);
}

TEST(NoveltyDetect, PassesFramesUntouchedWhileDisabled) {
  DetectHarness detect("mode=every-frame enabled=false");
  EXPECT_FALSE(detect.push(1, 0));
  g_object_set(detect.element(), "enabled", TRUE, nullptr);
  EXPECT_TRUE(detect.push(1, 1));
  g_object_set(detect.element(), "enabled", FALSE, nullptr);
  EXPECT_FALSE(detect.push(1, 2));
  const auto told = detect.messages();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].reason, "stopped");
}

TEST(NoveltyDetect, CountsInItsStats) {
  DetectHarness detect("mode=every-frame inference-interval=2");
  detect.push_run(0.5, 0, 4);
  GstStructure* stats = nullptr;
  gdouble last = 0;
  g_object_get(detect.element(), "stats", &stats, "last-score", &last, nullptr);
  guint64 frames = 0, scored = 0, events = 0;
  ASSERT_TRUE(gst_structure_get(stats, "frames", G_TYPE_UINT64, &frames, "scored", G_TYPE_UINT64,
                                &scored, "events", G_TYPE_UINT64, &events, nullptr));
  EXPECT_EQ(frames, 4U);
  EXPECT_EQ(scored, 2U);
  EXPECT_EQ(events, 1U);
  EXPECT_STREQ(gst_structure_get_string(stats, "mode"), "every-frame");
  EXPECT_STREQ(gst_structure_get_string(stats, "model"), detect.model().c_str());
  EXPECT_NEAR(last, score_of_half_grey(), kRounding);
  gst_structure_free(stats);
}

TEST(NoveltyDetect, WarnsOnceOfAColorMatrixItOnlyApproximates) {
  DetectHarness detect("mode=every-frame",
                       "video/x-raw,format=I420,width=64,height=64,framerate=25/1,"
                       "colorimetry=bt2020");
  EXPECT_NE(wait_text(detect.bus(), GST_MESSAGE_WARNING).find("bt709"), std::string::npos);
  detect.set_caps("video/x-raw,format=I420,width=32,height=64,framerate=25/1,colorimetry=bt2020");
  EXPECT_TRUE(detect.push(0.5, 0));
  GstMessage* second = gst_bus_pop_filtered(detect.bus(), GST_MESSAGE_WARNING);
  EXPECT_EQ(second, nullptr);
}

TEST(NoveltyDetect, RefusesValuesOutOfRangeBeforeTheyAreUsed) {
  GError* error = nullptr;
  GstElement* element = gst_parse_launch("noveltydetect mode=sometimes", &error);
  ASSERT_NE(error, nullptr);
  EXPECT_NE(std::string(error->message).find("mode"), std::string::npos);
  g_error_free(error);
  if (element != nullptr) gst_object_unref(element);
}

}  // namespace
}  // namespace novelty::testing
