// SPDX-License-Identifier: Apache-2.0
// roi and ignore of noveltydetect: where novelty counts, changed while playing.
#include <gst/app/gstappsink.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <tuple>
#include <vector>

#include "detect_harness.h"
#include "small_png.h"
#include "test_model.h"

namespace novelty::testing {
namespace {

constexpr const char* kLeft = "0,0 0.5,0 0.5,1 0,1";
constexpr const char* kRight = "0.5,0 1,0 1,1 0.5,1";
constexpr const char* kAll = "0,0 1,0 1,1 0,1";

std::string property(GstElement* element, const char* name) {
  gchar* text = nullptr;
  g_object_get(element, name, &text, nullptr);
  std::string copy = text;
  g_free(text);
  return copy;
}

void set(DetectHarness& detect, const char* name, const std::string& value) {
  g_object_set(detect.element(), name, value.c_str(), nullptr);
}

// A black 64x64 frame, its left half white.
GstBuffer* left_white(int frame) {
  GstBuffer* buffer = grey_buffer(kGray, 0, static_cast<GstClockTime>(frame) * kFrame);
  GstMapInfo map;
  EXPECT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_WRITE));
  for (gsize i = 0; i < map.size; ++i) map.data[i] = i % 64 < 32 ? 255 : 0;
  gst_buffer_unmap(buffer, &map);
  return buffer;
}

// The message with which going to READY fails; empty when it does not.
std::string error_at_ready(const std::string& properties) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  GstElement* pipeline = gst_parse_launch(
      ("noveltydetect model=" + (dir / "m.novelty") + " " + properties + " ! fakesink").c_str(),
      nullptr);
  GstBus* bus = gst_element_get_bus(pipeline);
  const auto result = gst_element_set_state(pipeline, GST_STATE_READY);
  std::string text;
  if (result == GST_STATE_CHANGE_FAILURE) text = wait_text(bus, GST_MESSAGE_ERROR);
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  return text;
}

TEST(NoveltyMask, CountsOnlyInsideTheRoi) {
  DetectHarness detect(std::string("mode=every-frame roi=\"") + kRight + "\"");
  const auto outside = detect.push(left_white(0));
  EXPECT_FALSE(outside->novel);
  EXPECT_EQ(outside->region_count, 0);
  set(detect, "roi", kLeft);
  const auto inside = detect.push(left_white(1));
  EXPECT_TRUE(inside->novel);
  EXPECT_EQ(inside->region_count, 1);
}

TEST(NoveltyMask, NeverCountsWhatIsIgnored) {
  DetectHarness detect(std::string("mode=every-frame ignore=\"") + kLeft + "\" roi=\"" + kAll +
                       "\"");
  EXPECT_FALSE(detect.push(left_white(0))->novel);
  set(detect, "ignore", "");
  EXPECT_TRUE(detect.push(left_white(1))->novel);
}

TEST(NoveltyMask, OfAPngIsTheSameAsItsPolygon) {
  const TempDir dir;
  write_png(dir / "left.png", std::vector<std::uint8_t>{255, 0}, 2, 1);
  DetectHarness detect(std::string("mode=every-frame roi=\"") + kLeft + "\"");
  const auto polygon = detect.push(left_white(0));
  set(detect, "roi", dir / "left.png");
  const auto png = detect.push(left_white(1));
  EXPECT_EQ(polygon->score, png->score);
  set(detect, "ignore", dir / "left.png");
  EXPECT_EQ(detect.push(left_white(2))->score, png->score) << "nothing would be left";
  set(detect, "roi", "");
  set(detect, "ignore", dir / "left.png");
  EXPECT_FALSE(detect.push(left_white(3))->novel);
}

TEST(NoveltyMask, LetsAnOpenEventGoOn) {
  DetectHarness detect("mode=every-frame hold=120000000 min-duration=0 smoothing=0");
  const auto before = detect.push(left_white(0));
  ASSERT_FALSE(before->event_id.empty());
  set(detect, "roi", kLeft);
  const auto under_roi = detect.push(left_white(1));
  EXPECT_EQ(under_roi->event_id, before->event_id);
  EXPECT_TRUE(under_roi->novel);
  set(detect, "roi", kRight);
  const auto masked = detect.push(left_white(2));
  EXPECT_EQ(masked->event_id, before->event_id) << "within its hold time";
  EXPECT_FALSE(masked->novel);
  for (int frame = 3; frame < 8; ++frame) detect.push(left_white(frame));
  const auto told = detect.messages();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().event_id, before->event_id);
  EXPECT_EQ(told.back().change, EventChange::kEnd);
  EXPECT_EQ(told.back().reason, "over");
}

TEST(NoveltyMask, InUseStaysWhenTheNextIsBad) {
  DetectHarness detect(std::string("mode=every-frame roi=\"") + kRight + "\"");
  for (const auto& [name, value, part] :
       {std::tuple{"roi", "0.1,0.2 0.3", "roi: character 12"},
        std::tuple{"roi", "/nowhere/door.png", "/nowhere/door.png"},
        std::tuple{"ignore", "door", "ignore: character 1"},
        std::tuple{"ignore", kRight, "roi and ignore: no patch"}}) {
    SCOPED_TRACE(value);
    set(detect, name, value);
    const std::string warning = wait_text(detect.bus(), GST_MESSAGE_WARNING);
    EXPECT_NE(warning.find(part), std::string::npos) << warning;
    EXPECT_NE(warning.find("stays"), std::string::npos) << warning;
    EXPECT_EQ(warning.find('\n'), std::string::npos) << warning;
    EXPECT_EQ(property(detect.element(), "roi"), kRight);
    EXPECT_EQ(property(detect.element(), "ignore"), "");
    EXPECT_FALSE(detect.push(left_white(0))->novel);
  }
}

TEST(NoveltyMask, ThatCannotBeIsAnErrorAtReady) {
  EXPECT_NE(error_at_ready("roi=door").find("roi: character 1"), std::string::npos);
  EXPECT_NE(error_at_ready("ignore=/nowhere/door.png").find("/nowhere/door.png"),
            std::string::npos);
  EXPECT_NE(error_at_ready(std::string("ignore=\"") + kAll + "\"").find("ignore: no patch"),
            std::string::npos);
  EXPECT_EQ(error_at_ready(std::string("roi=\"") + kLeft + "\""), "");
}

TEST(NoveltyMask, IsReadAgainAtReady) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  write_png(dir / "mask.png", std::vector<std::uint8_t>{255, 0}, 2, 1);
  GstElement* element = gst_element_factory_make("noveltydetect", nullptr);
  g_object_set(element, "model", (dir / "m.novelty").c_str(), "roi", (dir / "mask.png").c_str(),
               nullptr);
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state(element, GST_STATE_NULL);
  std::ofstream(dir / "mask.png") << "gone";
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  g_object_set(element, "roi", "", nullptr);
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state(element, GST_STATE_NULL);
  gst_object_unref(element);
}

// A live pipeline whose frames are all white: what is novel is the mask's doing.
class LivePipeline {
 public:
  explicit LivePipeline(const std::string& mode) {
    write_test_model(dir_ / "m.novelty");
    const std::string line =
        "videotestsrc is-live=true pattern=white ! video/x-raw,width=64,height=64,framerate=50/1 ! "
        "noveltydetect name=d smoothing=0 min-duration=0 hold=60000000 mode=" +
        mode +
        " roi=\"0,0 0.25,0 0.25,1 0,1; 0.75,0 1,0 1,1 0.75,1\" model=" + (dir_ / "m.novelty") +
        " ! appsink name=s sync=false";
    pipeline_ = gst_parse_launch(line.c_str(), nullptr);
    detect_ = gst_bin_get_by_name(GST_BIN(pipeline_), "d");
    sink_ = gst_bin_get_by_name(GST_BIN(pipeline_), "s");
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  }
  ~LivePipeline() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(sink_);
    gst_object_unref(detect_);
    gst_object_unref(pipeline_);
  }
  LivePipeline(const LivePipeline&) = delete;
  LivePipeline& operator=(const LivePipeline&) = delete;

  GstElement* detect() { return detect_; }

  /// Whether within ten seconds a frame comes whose left and right edge are novel (or not).
  bool wait_for(bool left, bool right) {
    const gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    while (g_get_monotonic_time() < end) {
      GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink_), GST_SECOND);
      if (sample == nullptr) continue;
      const auto meta = read_novelty_meta(gst_sample_get_buffer(sample));
      gst_sample_unref(sample);
      if (!meta) continue;
      const auto map = unpack_map(*meta);
      if (map.size() == 16 && (map[4] > 0) == left && (map[7] > 0) == right) return true;
    }
    return false;
  }

 private:
  TempDir dir_;
  GstElement* pipeline_;
  GstElement* detect_;
  GstElement* sink_;
};

TEST(NoveltyMask, ChangesInALivePipeline) {
  for (const char* mode : {"latest", "every-frame"}) {
    SCOPED_TRACE(mode);
    LivePipeline live(mode);
    EXPECT_TRUE(live.wait_for(true, true));
    g_object_set(live.detect(), "ignore", kRight, nullptr);
    EXPECT_TRUE(live.wait_for(true, false));
    g_object_set(live.detect(), "ignore", kLeft, nullptr);
    EXPECT_TRUE(live.wait_for(false, true));
    g_object_set(live.detect(), "ignore", "nonsense", nullptr);
    EXPECT_TRUE(live.wait_for(false, true));
    g_object_set(live.detect(), "ignore", "", "roi", "", nullptr);
    EXPECT_TRUE(live.wait_for(true, true));
  }
}

}  // namespace
}  // namespace novelty::testing
