// SPDX-License-Identifier: Apache-2.0
// noveltydetect and scene changes: flag instead of event, told once, cleared, re-armed.
#include <gst/app/gstappsrc.h>
#include <gtest/gtest.h>

#include "detect_harness.h"
#include "test_model.h"
#include "test_scene.h"

namespace novelty::testing {
namespace {

constexpr const char* kRgb = "video/x-raw,format=RGB,width=256,height=144,framerate=25/1";
constexpr int kSecond = 25;  // frames

/// What the bus told, in order.
struct Told {
  std::vector<std::string> lines;  ///< "begin", "end scene-change", "moved", "moved over"
  std::vector<SceneNotice> scene;
};

/// A pipeline of appsrc, noveltydetect of the drawn room and fakesink, on which white areas score
/// high and dark ones low.
class SceneHarness {
 public:
  explicit SceneHarness(const std::string& properties = "") : model_(dir_ / "room.novelty") {
    const SceneReference scene = drawn_reference(64);
    // What the room itself scores, about 1, is normal.
    write_test_model(model_, {.threshold = 2, .scene = &scene});
    pipeline_ = gst_parse_launch(("appsrc name=src format=time caps=" + std::string(kRgb) +
                                  " ! noveltydetect name=detect mode=every-frame hold=200000000 "
                                  "smoothing=0 model=" +
                                  model_ + " " + properties + " ! appsink name=sink sync=false")
                                     .c_str(),
                                 nullptr);
    source_ = gst_bin_get_by_name(GST_BIN(pipeline_), "src");
    sink_ = gst_bin_get_by_name(GST_BIN(pipeline_), "sink");
    detect_ = gst_bin_get_by_name(GST_BIN(pipeline_), "detect");
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  }
  ~SceneHarness() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    for (GstElement* element : {source_, sink_, detect_, pipeline_}) gst_object_unref(element);
  }
  SceneHarness(const SceneHarness&) = delete;
  SceneHarness& operator=(const SceneHarness&) = delete;

  GstElement* detect() { return detect_; }

  /// Pushes `count` times the same frame; gives what the last one carried.
  NoveltyMeta push(const RgbFrame& frame, int count) {
    NoveltyMeta meta;
    for (int i = 0; i < count; ++i) {
      GstBuffer* buffer = gst_buffer_new_memdup(frame.rgb.data(), frame.rgb.size());
      GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(next_++) * kFrame;
      GST_BUFFER_DURATION(buffer) = kFrame;
      EXPECT_EQ(gst_app_src_push_buffer(GST_APP_SRC(source_), buffer), GST_FLOW_OK);
      GstSample* sample = nullptr;
      g_signal_emit_by_name(sink_, "try-pull-sample", 10 * GST_SECOND, &sample);
      EXPECT_NE(sample, nullptr);
      if (sample == nullptr) return meta;
      const auto read = read_novelty_meta(gst_sample_get_buffer(sample));
      EXPECT_TRUE(read);
      meta = read.value_or(NoveltyMeta{});
      gst_sample_unref(sample);
    }
    return meta;
  }

  Told told() {
    Told told;
    GstBus* bus = gst_element_get_bus(pipeline_);
    while (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ELEMENT)) {
      const GstStructure* fields = gst_message_get_structure(message);
      if (const auto event = novelty_event_of(fields)) {
        const bool end = event->change == EventChange::kEnd;
        if (event->change != EventChange::kUpdate)
          told.lines.push_back(end ? "end " + event->reason : "begin");
      } else if (const auto notice = scene_notice_of(fields)) {
        told.lines.push_back(notice->reason + (notice->active ? "" : " over"));
        told.scene.push_back(*notice);
      }
      gst_message_unref(message);
    }
    gst_object_unref(bus);
    return told;
  }

 private:
  TempDir dir_;
  std::string model_;
  GstElement* pipeline_;
  GstElement* source_;
  GstElement* sink_;
  GstElement* detect_;
  int next_ = 0;
};

using Lines = std::vector<std::string>;

RgbFrame room() {
  return drawn_room(100);
}
RgbFrame bright_room() {
  return lit(room(), 2.5, 2.5);
}
RgbFrame object() {
  return with_box(room(), {.x = 0.3, .y = 0.3, .width = 0.35, .height = 0.6, .level = 255});
}

std::string scene_change_in_stats(GstElement* detect, guint64& count) {
  GstStructure* stats = nullptr;
  g_object_get(detect, "stats", &stats, nullptr);
  gst_structure_get_uint64(stats, "scene-changes", &count);
  std::string change = gst_structure_get_string(stats, "scene-change");
  gst_structure_free(stats);
  return change;
}

TEST(NoveltyScene, AnObjectIsAnEventAndNoSceneChange) {
  SceneHarness scene;
  EXPECT_EQ(scene.push(room(), 5).scene_change, "");
  EXPECT_TRUE(scene.push(object(), kSecond).novel);
  scene.push(room(), kSecond);
  EXPECT_EQ(scene.told().lines, (Lines{"begin", "end over"}));
}

TEST(NoveltyScene, AChangeIsAFlagAndNoEvent) {
  SceneHarness scene;
  scene.push(room(), 5);
  const NoveltyMeta meta = scene.push(bright_room(), kSecond);
  EXPECT_GT(meta.score, meta.threshold);
  EXPECT_FALSE(meta.novel);
  EXPECT_EQ(meta.scene_change, "relit");
  guint64 count = 0;
  EXPECT_EQ(scene_change_in_stats(scene.detect(), count), "relit");
  EXPECT_EQ(count, 1U);
  EXPECT_EQ(scene.push(room(), 2 * kSecond).scene_change, "");
  EXPECT_EQ(scene_change_in_stats(scene.detect(), count), "");
  const Told told = scene.told();
  EXPECT_EQ(told.lines, (Lines{"relit", "relit over"}));
  ASSERT_EQ(told.scene.size(), 2U);
  EXPECT_EQ(told.scene[0].stream_time, (5 + 13) * kFrame);
  EXPECT_EQ(told.scene[0].running_time, told.scene[0].stream_time);
  EXPECT_EQ(told.scene[1].stream_time, (5 + 2 * kSecond) * kFrame);
}

TEST(NoveltyScene, AChangeEndsAnOpenEvent) {
  SceneHarness scene;
  scene.push(object(), 10);
  scene.push(dark(room()), kSecond);
  EXPECT_EQ(scene.told().lines, (Lines{"begin", "end over", "covered"}));
  scene.push(room(), 2 * kSecond);
  scene.push(object(), 10);
  scene.push(bright_room(), kSecond);
  EXPECT_EQ(scene.told().lines, (Lines{"covered over", "begin", "end scene-change", "relit"}));
}

TEST(NoveltyScene, RearmTakesThePresentPicture) {
  SceneHarness scene;
  const RgbFrame other = moved(room(), {.shift_x = 0.1});
  EXPECT_EQ(scene.push(other, kSecond).scene_change, "moved");
  g_signal_emit_by_name(scene.detect(), "rearm");
  EXPECT_EQ(scene.push(other, kSecond).scene_change, "");
  EXPECT_EQ(scene.push(room(), kSecond).scene_change, "moved");
  EXPECT_EQ(scene.told().lines, (Lines{"moved", "moved over", "moved"}));
}

TEST(NoveltyScene, TheGuardCanBeSwitchedOffWhilePlaying) {
  SceneHarness scene("scene-guard=false");
  EXPECT_TRUE(scene.push(bright_room(), kSecond).novel);
  EXPECT_EQ(scene.told().lines, (Lines{"begin"}));
  g_object_set(scene.detect(), "scene-guard", TRUE, nullptr);
  EXPECT_EQ(scene.push(bright_room(), kSecond).scene_change, "relit");
  g_object_set(scene.detect(), "scene-guard", FALSE, nullptr);
  EXPECT_EQ(scene.push(bright_room(), 1).scene_change, "");
  EXPECT_EQ(scene.told().lines, (Lines{"end scene-change", "relit", "relit over", "begin"}));
}

TEST(NoveltyScene, AModelWithoutAReferenceTellsNothing) {
  DetectHarness detect;
  detect.push_run(0.1, 0, 5);
  const auto meta = detect.push(1.0, 30);
  ASSERT_TRUE(meta);
  EXPECT_EQ(meta->scene_change, "");
  EXPECT_TRUE(detect.push(1.0, 31)->novel);
}

}  // namespace
}  // namespace novelty::testing
