// SPDX-License-Identifier: Apache-2.0
// What noveltydetect decides by: targets of false alarms, p-values, and slow drift.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "detect_harness.h"
#include "drawn_clip.h"
#include "novelty/detector.h"
#include "test_model.h"

namespace novelty::testing {
namespace {

constexpr int kEverySecond = 25;  // frames

// The brightness of a frame that the test model scores nearest to `score`.
double brightness_of(double score) {
  DetectHarness detect;
  double low = 0, high = 1;
  for (int frame = 0; frame < 8; ++frame) {
    const double middle = (low + high) / 2;
    (detect.push(middle, frame)->score < score ? low : high) = middle;
  }
  return high;
}

double drift_of(GstElement* detect) {
  GstStructure* stats = nullptr;
  gdouble drift = std::nan("");
  g_object_get(detect, "stats", &stats, nullptr);
  gst_structure_get_double(stats, "drift", &drift);
  gst_structure_free(stats);
  return drift;
}

std::shared_ptr<const Detector> detector_of(const DetectHarness& detect) {
  return Detector::load(detect.model(), {.device = "auto", .threads = 1});
}

TEST(NoveltyTarget, GivesTheModelsThresholdForIt) {
  DetectHarness detect("mode=every-frame target-false-alarms-per-hour=6");
  const auto model = detector_of(detect);
  EXPECT_DOUBLE_EQ(detect.push(0, 0)->threshold, model->event_options_for(6).threshold);
  g_object_set(detect.element(), "target-false-alarms-per-hour", 60.0, nullptr);
  EXPECT_DOUBLE_EQ(detect.push(0, 1)->threshold, model->event_options_for(60).threshold);
  EXPECT_LT(model->event_options_for(60).threshold, model->event_options_for(6).threshold);
}

TEST(NoveltyTarget, GoesAfterThresholdAndBeforeTheModel) {
  DetectHarness detect("mode=every-frame target-false-alarms-per-hour=6 threshold=0.2");
  const auto model = detector_of(detect);
  EXPECT_DOUBLE_EQ(detect.push(0, 0)->threshold, model->score_of(0.2));
  g_object_set(detect.element(), "threshold", -1.0, nullptr);
  EXPECT_DOUBLE_EQ(detect.push(0, 1)->threshold, model->event_options_for(6).threshold);
  g_object_set(detect.element(), "target-false-alarms-per-hour", 0.0, nullptr);
  EXPECT_DOUBLE_EQ(detect.push(0, 2)->threshold, model->event_options().threshold);
}

TEST(NoveltyTarget, LeavesAnEventAtThreeTimesTheRate) {
  DetectHarness detect("mode=every-frame target-false-alarms-per-hour=6 hold=0");
  const EventOptions options = detector_of(detect)->event_options_for(6);
  ASSERT_LT(options.exit_threshold, options.threshold);
  const double between = (options.threshold + options.exit_threshold) / 2;
  EXPECT_FALSE(detect.push(brightness_of(between), 0)->novel);
  EXPECT_TRUE(detect.push(1, 1)->novel);
  EXPECT_TRUE(detect.push(brightness_of(between), 2)->novel);
}

// GObject warns of each on standard error.
TEST(NoveltyTarget, StaysWhenTheNextIsNoRate) {
  DetectHarness detect("mode=every-frame target-false-alarms-per-hour=6");
  const double threshold = detect.push(0, 0)->threshold;
  for (const double value : {-1.0, 3600.0, std::nan("")}) {
    g_object_set(detect.element(), "target-false-alarms-per-hour", value, nullptr);
    gdouble target = 0;
    g_object_get(detect.element(), "target-false-alarms-per-hour", &target, nullptr);
    EXPECT_EQ(target, 6) << value;
  }
  EXPECT_EQ(detect.push(0, 1)->threshold, threshold);
}

TEST(NoveltyTarget, DecidesInAPipeline) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  const auto model = Detector::load(dir / "m.novelty", {.device = "auto", .threads = 1});
  const double between =
      (model->event_options_for(6).threshold + model->event_options_for(600).threshold) / 2;
  const double brightness = brightness_of(between);
  const auto drawing = [&](std::uint64_t time) {
    return time > GST_SECOND && time < 2 * GST_SECOND ? brightness : 0;
  };
  const std::string properties =
      "mode=every-frame model=" + (dir / "m.novelty") + " target-false-alarms-per-hour=";
  EXPECT_TRUE(play_drawn(drawing, {.properties = properties + "6", .frames = 75}).told.empty());
  EXPECT_EQ(play_drawn(drawing, {.properties = properties + "600", .frames = 75}).told.size(), 2U);
}

// Frames a second apart of a score, not yet lowered, of 0.3, where 0.14 is normal and 0.4 an
// event's exit.
constexpr double kDrifted = 0.3;

struct AdaptHarness : DetectHarness {
  explicit AdaptHarness(const std::string& properties = "adapt=true")
      : DetectHarness("mode=every-frame hold=500000000 " + properties) {}

  std::optional<NoveltyMeta> push_seconds(double score, int seconds) {
    const double brightness = brightness_of(score);
    std::optional<NoveltyMeta> meta;
    for (int i = 0; i < seconds; ++i) meta = push(brightness, kEverySecond * second_++);
    return meta;
  }

 private:
  int second_ = 0;
};

TEST(NoveltyAdapt, IsOffUnlessAsked) {
  AdaptHarness detect("");
  const auto meta = detect.push_seconds(kDrifted, 300);
  EXPECT_EQ(meta->drift, 0);
  EXPECT_NEAR(meta->score, kDrifted, 0.02);
}

TEST(NoveltyAdapt, LowersScoreAndPValueAlike) {
  AdaptHarness detect;
  const auto model = detector_of(detect);
  const double raw = detect.push_seconds(kDrifted, 1)->score;
  const auto meta = detect.push_seconds(kDrifted, 300);
  const double bound = (0.5 - model->normal_score()) / 2;
  EXPECT_NEAR(meta->drift, bound / 2, 0.01 * bound) << "half of the bound in five minutes";
  EXPECT_DOUBLE_EQ(meta->score, raw - meta->drift);
  EXPECT_DOUBLE_EQ(meta->p_value, model->p_value(meta->score));
  EXPECT_DOUBLE_EQ(meta->smoothed, meta->score);
  EXPECT_EQ(meta->threshold, 0.5);
  EXPECT_NEAR(drift_of(detect.element()), meta->drift, 0.01 * bound) << "the next frame's";
}

TEST(NoveltyAdapt, DecidesOnTheLoweredScore) {
  AdaptHarness detect;
  detect.push_seconds(kDrifted, 600);
  EXPECT_FALSE(detect.push_seconds(0.55, 1)->novel) << "0.55 less 0.16 is under the threshold";
  EXPECT_TRUE(detect.push_seconds(0.75, 1)->novel);
  const auto told = detect.messages();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NEAR(told[0].peak_score, 0.75 - drift_of(detect.element()), 0.02);
}

TEST(NoveltyAdapt, IsFrozenInAnEvent) {
  AdaptHarness detect;
  detect.push_seconds(kDrifted, 100);
  detect.push_seconds(1, 1);
  const double drift = drift_of(detect.element());
  EXPECT_GT(drift, 0);
  detect.push_seconds(1, 1000);
  EXPECT_EQ(drift_of(detect.element()), drift);
  EXPECT_EQ(detect.messages().size(), 1U) << "what stays is not absorbed";
}

TEST(NoveltyAdapt, IsRolledBack) {
  AdaptHarness detect;
  const auto drifted = [&] { return detect.push_seconds(kDrifted, 100)->drift; };
  const auto next = [&] { return detect.push_seconds(kDrifted, 1)->drift; };
  EXPECT_GT(drifted(), 0);
  g_object_set(detect.element(), "adapt", FALSE, nullptr);
  EXPECT_EQ(next(), 0) << "switched off";
  EXPECT_EQ(drift_of(detect.element()), 0);
  g_object_set(detect.element(), "adapt", TRUE, nullptr);
  EXPECT_GT(drifted(), 0);
  g_object_set(detect.element(), "ignore", "0,0 0.5,0 0.5,0.5 0,0.5", nullptr);
  EXPECT_EQ(next(), 0) << "another mask";
  EXPECT_GT(drifted(), 0);
  gst_harness_push_event(detect.harness(), gst_event_new_flush_start());
  gst_harness_push_event(detect.harness(), gst_event_new_flush_stop(TRUE));
  EXPECT_EQ(drift_of(detect.element()), 0) << "a flush";
}

}  // namespace
}  // namespace novelty::testing
