// SPDX-License-Identifier: Apache-2.0
// noveltyrecord in whole pipelines: what lands on disk for which metadata.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "noveltymeta.h"
#include "record_harness.h"
#include "temp_dir.h"

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using namespace novelty::testing;

// A pipeline of videotestsrc, hand-made metadata on element `mark`, and noveltyrecord.
class Recording : public RecordedPipeline {
 public:
  Recording(const std::string& record, Marks marks, int frames = 100,
            const std::string& size = "width=64,height=48", const std::string& source = {})
      : RecordedPipeline("videotestsrc num-buffers=" + std::to_string(frames) + " " + source +
                         " ! video/x-raw,framerate=10/1," + size +
                         " ! identity name=mark ! noveltyrecord name=record " + record),
        marker(pipeline(), "mark", std::move(marks)) {}
  ~Recording() { stop(); }  // before the marker goes
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  Marker marker;
};

std::string at(const fs::path& folder, const std::string& more = {}) {
  return "location=" + folder.string() + " " + more;
}

const char* const kRolls = "pre-roll=1 post-roll=0.5 ";

TEST(RecordClips, WritesEachEventWithItsRolls) {
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}, {"B", 64, 68}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 2U) << recording.error;
  EXPECT_EQ(recording.event_ids, (std::vector<std::string>{"A", "B"}));
  // Key frames lie at whole seconds: A's clip is frames 10 to 29, B's 50 to 73.
  const Decoded a = decode(recording.recorded[0]);
  EXPECT_TRUE(a.whole);
  EXPECT_EQ(a.frames, 20);
  EXPECT_EQ(a.first_pts, 0U);
  const Decoded b = decode(recording.recorded[1]);
  EXPECT_EQ(b.frames, 24);
  // Each with its sidecar and its two posters.
  EXPECT_EQ(names_in(folder.path()).size(), 8U);
}

TEST(RecordClips, DescribesAClipInItsSidecar) {
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  const Json json = sidecar_of(recording.recorded[0]);
  EXPECT_EQ(json["schema"], "novelty-recording");
  EXPECT_EQ(json["version"], 2);
  EXPECT_EQ(json["kind"], "clip");
  EXPECT_EQ(json["file"], fs::path(recording.recorded[0]).filename().string());
  EXPECT_EQ(json["camera"], "door");
  EXPECT_EQ(json["model_id"], "model");
  EXPECT_EQ(json["begin_ns"], 1'000'000'000);
  EXPECT_EQ(json["end_ns"], 3'000'000'000);
  EXPECT_EQ(json["frames"], 20);
  EXPECT_TRUE(json["begin_utc"].is_null());
  ASSERT_EQ(json["events"].size(), 1U);
  const Json& event = json["events"][0];
  EXPECT_EQ(event["id"], "A");
  EXPECT_EQ(event["begin_ns"], 2'000'000'000);
  EXPECT_EQ(event["end_ns"], 2'400'000'000);
  EXPECT_EQ(event["peak_ns"], 2'400'000'000);
  EXPECT_DOUBLE_EQ(event["peak_score"], 5.24);
  EXPECT_EQ(event["frames"], 5);
}

std::set<std::string> names_of(const Json& object, const std::string& before = {}) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.items()) {
    names.insert(before + name);
    const Json& inner = value.is_array() && !value.empty() ? value.front() : value;
    if (inner.is_object()) names.merge(names_of(inner, before + name + "."));
  }
  return names;
}

// The first column of the section's tables, without back-ticks.
std::set<std::string> documented_fields(const std::string& file, const std::string& section) {
  std::set<std::string> names;
  std::ifstream text(file);
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("## ")) inside = line == "## " + section;
    if (!inside || !line.starts_with("| `")) continue;
    std::istringstream cell(line.substr(2, line.find('|', 2) - 2));
    for (std::string name; std::getline(cell, name, '`');) {
      if (name.find_first_not_of(", ") != std::string::npos) names.insert(name);
    }
  }
  return names;
}

TEST(RecordClips, WritesTheSidecarThatIsDocumented) {
  const char* root = std::getenv("NOVELTY_SOURCE_ROOT");
  if (root == nullptr) GTEST_SKIP() << "NOVELTY_SOURCE_ROOT is not set";
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  EXPECT_EQ(names_of(sidecar_of(recording.recorded[0])),
            documented_fields(std::string(root) + "/docs/metadata.md", "Sidecars"));
}

TEST(RecordClips, DrawsTheScoresOfItsSpan) {
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  const Json scores = sidecar_of(recording.recorded[0])["scores"];
  ASSERT_EQ(scores["time_ns"].size(), 20U);  // frames 10 to 29
  EXPECT_EQ(scores["time_ns"].front(), 1'000'000'000);
  EXPECT_EQ(scores["time_ns"].back(), 2'900'000'000);
  EXPECT_DOUBLE_EQ(scores["score"][0], 1);
  EXPECT_DOUBLE_EQ(scores["score"][14], 5.24);
  EXPECT_EQ(scores["p_value"].size(), 20U);
  EXPECT_EQ(scores["threshold"].size(), 20U);
}

GstPadProbeReturn stamp(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  info->data = buffer;
  GstCaps* ntp = gst_caps_new_empty_simple("timestamp/x-ntp");
  constexpr GstClockTime kNewYear2024 = (2'208'988'800 + 1'704'067'200) * GST_SECOND;
  gst_buffer_add_reference_timestamp_meta(buffer, ntp, kNewYear2024 + GST_BUFFER_PTS(buffer),
                                          GST_CLOCK_TIME_NONE);
  gst_caps_unref(ntp);
  return GST_PAD_PROBE_OK;
}

TEST(RecordClips, StatesTheSourcesOwnTime) {
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}}));
  GstElement* mark = gst_bin_get_by_name(GST_BIN(recording.pipeline()), "mark");
  GstPad* pad = gst_element_get_static_pad(mark, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, stamp, nullptr, nullptr);
  gst_object_unref(pad);
  gst_object_unref(mark);
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  EXPECT_EQ(sidecar_of(recording.recorded[0])["begin_ntp"], "2024-01-01T00:00:01.000Z");
}

TEST(RecordClips, MergesEventsWhoseSpansOverlap) {
  const TempDir folder;
  // B begins after A's post-roll, but its pre-roll reaches back into A's clip.
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}, {"B", 38, 40}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  EXPECT_EQ(recording.event_ids[0], "A,B");
  EXPECT_EQ(decode(recording.recorded[0]).frames, 36);  // frames 10 to 45
}

TEST(RecordClips, WritesNothingWhenNothingIsNovel) {
  const TempDir folder;
  Recording recording(at(folder / "sub"), marks_of({}));
  recording.run();
  EXPECT_EQ(recording.order, std::vector<std::string>{"eos"});
  EXPECT_FALSE(fs::exists(folder / "sub"));
}

TEST(RecordClips, FinishesTheOpenClipBeforeEos) {
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 90, 99}}));
  recording.run();
  EXPECT_EQ(recording.order, (std::vector<std::string>{"recorded", "eos"})) << recording.error;
  ASSERT_EQ(recording.recorded.size(), 1U);
  EXPECT_EQ(decode(recording.recorded[0]).frames, 20);
}

TEST(RecordClips, FinishesTheOpenClipWhenStopped) {
  const TempDir folder;
  std::mutex mutex;
  std::condition_variable passed;
  int seen = 0;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 5, 1 << 20}}), 1 << 20);
  recording.marker.before_frame = [&](int frame) {
    const std::lock_guard lock(mutex);
    seen = frame;
    passed.notify_all();
  };
  recording.play();
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(passed.wait_for(lock, std::chrono::seconds(30), [&] { return seen > 60; }));
  }
  recording.stop();
  const auto names = names_in(folder.path());
  ASSERT_EQ(names.size(), 4U);
  const Decoded decoded = decode(folder / "door_A.mp4");
  EXPECT_TRUE(decoded.whole);
  EXPECT_GT(decoded.frames, 20);
}

TEST(RecordClips, GoesOnInANewFileAtTheMaximumDuration) {
  const TempDir folder;
  Recording recording(at(folder.path(), "pre-roll=1 post-roll=0.5 max-duration=2"),
                      marks_of({{"A", 20, 70}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 4U) << recording.error;
  int frames = 0;
  for (const std::string& path : recording.recorded) frames += decode(path).frames;
  EXPECT_EQ(frames, 66);  // frames 10 to 75, none lost and none twice
}

TEST(RecordClips, KeepsThePipelineAliveWhenTheFolderCannotBe) {
  const TempDir folder;
  const fs::path blocked = folder / "blocked";
  std::ofstream(blocked) << "a file";
  Recording recording(at(blocked, kRolls), marks_of({{"A", 20, 24}, {"B", 64, 68}}));
  recording.run();
  // Told once for both.
  EXPECT_EQ(recording.order, (std::vector<std::string>{"warning", "eos"})) << recording.error;
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"blocked"});
}

TEST(RecordClips, ResumesWhenTheFolderIsBack) {
  const TempDir folder;
  const fs::path blocked = folder / "blocked";
  std::ofstream(blocked) << "a file";
  Recording recording(at(blocked, kRolls), marks_of({{"A", 20, 24}, {"B", 64, 68}}));
  std::promise<void> freed;
  recording.marker.before_frame = [&](int frame) {
    if (frame == 50) freed.get_future().wait_for(std::chrono::seconds(30));
  };
  recording.play();
  EXPECT_TRUE(recording.wait_for(GST_MESSAGE_WARNING));
  fs::remove(blocked);
  freed.set_value();
  EXPECT_TRUE(recording.wait_for(GST_MESSAGE_EOS));
  EXPECT_EQ(recording.event_ids, std::vector<std::string>{"B"}) << recording.error;
}

TEST(RecordClips, MakesNoPathOfNames) {
  const TempDir folder;
  const fs::path inner = folder / "inner";
  Recording recording(at(inner, kRolls), [](int frame) {
    return frame >= 20 && frame < 25 ? Mark{"../../evil/..\n", 5, "/etc/\u00fc;rm -rf"} : Mark{};
  });
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  EXPECT_EQ(fs::path(recording.recorded[0]).parent_path(), inner);
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"inner"});
  EXPECT_EQ(sidecar_of(recording.recorded[0])["events"][0]["id"], "../../evil/..\n");
}

TEST(RecordClips, NeverOverwrites) {
  const TempDir folder;
  for (int i = 0; i < 2; ++i) {
    Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}}));
    recording.run();
  }
  EXPECT_EQ(names_in(folder.path()),
            (std::vector<std::string>{"door_A-2.json", "door_A-2.mp4", "door_A-2_A.jpg",
                                      "door_A-2_A_map.jpg", "door_A.json", "door_A.mp4",
                                      "door_A_A.jpg", "door_A_A_map.jpg"}));
}

TEST(RecordClips, TakesTinyAndOddSizes) {
  for (const char* size : {"width=1,height=1", "width=33,height=17", "width=321,height=241"}) {
    const TempDir folder;
    Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}}), 40, size);
    recording.run();
    ASSERT_EQ(recording.recorded.size(), 1U) << size << recording.error;
    EXPECT_EQ(decode(recording.recorded[0]).frames, 20) << size;
  }
}

TEST(RecordClips, LinksBehindATeeAndLetsTheOtherBranchRun) {
  const TempDir folder;
  GstElement* pipeline = gst_parse_launch(
      ("videotestsrc num-buffers=50 ! tee name=t ! queue ! noveltyrecord location=" +
       folder.path() + " t. ! queue ! fakesink")
          .c_str(),
      nullptr);
  ASSERT_NE(pipeline, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, 30 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
  gst_message_unref(message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
}

TEST(RecordClips, StatesWallClockTimeWhenLive) {
  const TempDir folder;
  Recording recording(at(folder.path(), "pre-roll=0 post-roll=0"), marks_of({{"A", 3, 4}}), 10,
                      "width=64,height=48", "is-live=true");
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  const std::string utc = sidecar_of(recording.recorded[0])["begin_utc"];
  GDateTime* begin = g_date_time_new_from_iso8601(utc.c_str(), nullptr);
  ASSERT_NE(begin, nullptr) << utc;
  GDateTime* now = g_date_time_new_now_utc();
  EXPECT_LT(std::abs(g_date_time_difference(now, begin)), 60 * G_TIME_SPAN_SECOND) << utc;
  g_date_time_unref(begin);
  g_date_time_unref(now);
}

void expect_clip_with(const std::vector<const char*>& hidden, const std::string& extension) {
  const Hidden guard(hidden);
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 24, 28}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  EXPECT_EQ(fs::path(recording.recorded[0]).extension(), extension);
  const Decoded decoded = decode(recording.recorded[0]);
  EXPECT_TRUE(decoded.whole);
  EXPECT_EQ(decoded.frames, 24);  // frames 10 to 33
}

TEST(RecordEncoder, UsesOpenh264WithoutX264) {
  if (!is_installed("openh264enc")) GTEST_SKIP() << "openh264enc is not installed";
  expect_clip_with({"x264enc"}, ".mp4");
}

TEST(RecordEncoder, UsesVp8WithoutH264) {
  if (!is_installed("vp8enc")) GTEST_SKIP() << "vp8enc is not installed";
  expect_clip_with({"x264enc", "openh264enc"}, ".webm");
}

TEST(RecordEncoder, NamesThePackagesWhenThereIsNone) {
  const Hidden guard({"x264enc", "openh264enc", "vp8enc"});
  const TempDir folder;
  Recording recording(at(folder.path()), marks_of({}));
  recording.run();
  ASSERT_FALSE(recording.order.empty());
  EXPECT_EQ(recording.order.front(), "error");
  EXPECT_NE(recording.error.find("gstreamer1.0-plugins-ugly"), std::string::npos)
      << recording.error;
}

TEST(RecordEncoder, TakesTheUsersOwn) {
  const TempDir folder;
  Recording recording(at(folder.path(), "encoder=\"vp8enc deadline=1 ! queue\""),
                      marks_of({{"A", 40, 44}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  EXPECT_EQ(fs::path(recording.recorded[0]).extension(), ".webm");
  EXPECT_TRUE(decode(recording.recorded[0]).whole);
  const Json json = sidecar_of(recording.recorded[0]);
  EXPECT_EQ(json["settings"]["encoder"], "vp8enc deadline=1 ! queue");
  EXPECT_EQ(json["begin_ns"], 1'000'000'000);  // key frames come each second all the same
}

TEST(RecordEncoder, SaysWhatIsWrongWithTheUsersOwn) {
  for (const auto& [encoder, problem] :
       {std::pair{"nosuchenc", "'nosuchenc' cannot be made"},
        {"jpegenc", "'jpegenc' makes none of H.264, H.265, VP8 and VP9"}}) {
    const TempDir folder;
    Recording recording(at(folder.path(), std::string("encoder=") + encoder), marks_of({}), 20);
    recording.run();
    EXPECT_NE(recording.error.find(problem), std::string::npos) << recording.error;
  }
}

// Stills of frames that are as bright as their number says.
TEST(RecordPosters, ShowThePeak) {
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), [](int frame) {
    if (frame < 40 || frame > 60) return Mark{};
    return Mark{"A", frame == 47 ? 9.0 : 5.0};
  });
  GstElement* mark = gst_bin_get_by_name(GST_BIN(recording.pipeline()), "mark");
  GstPad* pad = gst_element_get_static_pad(mark, "sink");
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
        info->data = buffer;
        const auto luma = static_cast<guint8>(GST_BUFFER_PTS(buffer) / (GST_SECOND / 10));
        gst_buffer_memset(buffer, 0, luma, 64 * 48);
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  gst_object_unref(pad);
  gst_object_unref(mark);
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  const Json event = sidecar_of(recording.recorded[0])["events"][0];
  EXPECT_EQ(event["peak_ns"], 4'700'000'000);
  const double shown = mean_luma(folder / event["poster"].get<std::string>());
  EXPECT_NEAR(shown, 47, 1);
  EXPECT_GT(mean_luma(folder / event["poster_map"].get<std::string>()), shown + 1);
}

TEST(RecordPosters, AreNullWithoutADecoderAndOneWarningSaysSo) {
  const Hidden guard({"avdec_h264", "openh264dec", "nvh264dec", "vah264dec", "v4l2h264dec",
                      "vaapih264dec", "vaapidecodebin"});
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}, {"B", 64, 68}}));
  recording.run();
  EXPECT_EQ(recording.order, (std::vector<std::string>{"warning", "recorded", "recorded", "eos"}))
      << recording.error;
  EXPECT_NE(recording.warning.find("gstreamer1.0-libav"), std::string::npos) << recording.warning;
  ASSERT_EQ(recording.recorded.size(), 2U);
  EXPECT_TRUE(sidecar_of(recording.recorded[0])["events"][0]["poster"].is_null());
  EXPECT_EQ(names_in(folder.path()).size(), 4U);
}

TEST(RecordFrames, WritesTheFirstOfEachEventAndThenAtTheInterval) {
  const TempDir folder;
  Recording recording(at(folder.path(), "what=frames min-interval=1"),
                      marks_of({{"A", 20, 44}, {"B", 48, 50}}));
  recording.run();
  // A at 2.0, 3.0 and 4.0 s, B at 4.8 s.
  EXPECT_EQ(recording.event_ids, (std::vector<std::string>{"A", "A", "A", "B"})) << recording.error;
  ASSERT_EQ(recording.recorded.size(), 4U);
  const Json json = sidecar_of(recording.recorded[1]);
  EXPECT_EQ(json["kind"], "frame");
  EXPECT_EQ(json["begin_ns"], 3'000'000'000);
  EXPECT_EQ(decode(recording.recorded[1]).frames, 1);
  EXPECT_EQ(names_in(folder.path()).size(), 12U);  // the still, the same with its map, the sidecar
}

TEST(RecordFrames, LeavesHeldFramesOut) {
  const TempDir folder;
  Recording recording(at(folder.path(), "what=frames min-interval=0"), [](int frame) {
    return frame >= 20 && frame < 25 ? Mark{"A", 5, "door", frame > 21} : Mark{};
  });
  recording.run();
  EXPECT_EQ(recording.recorded.size(), 2U) << recording.error;
}

TEST(RecordFrames, KeepsThePipelineAliveWhenTheFolderCannotBe) {
  const TempDir folder;
  const fs::path blocked = folder / "blocked";
  std::ofstream(blocked) << "a file";
  Recording recording(at(blocked, "what=frames"), marks_of({{"A", 20, 24}}));
  recording.run();
  EXPECT_EQ(recording.order, (std::vector<std::string>{"warning", "eos"})) << recording.error;
}

TEST(Record, WithoutALinkDoesNotHoldBackEos) {
  GstElement* pipeline =
      gst_parse_launch("videotestsrc num-buffers=5 ! fakesink noveltyrecord", nullptr);
  ASSERT_NE(pipeline, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(bus, 30 * GST_SECOND, GST_MESSAGE_EOS);
  EXPECT_NE(message, nullptr);
  if (message != nullptr) gst_message_unref(message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
}

TEST(Record, GivesOneVideoPadAndTakesItBack) {
  GstElement* record = gst_element_factory_make("noveltyrecord", nullptr);
  ASSERT_NE(record, nullptr);
  gst_object_ref_sink(record);
  GstPad* pad = gst_element_request_pad_simple(record, "video");
  ASSERT_NE(pad, nullptr);
  GstPadTemplate* templ = gst_element_get_pad_template(record, "video");
  EXPECT_EQ(gst_element_request_pad(record, templ, nullptr, nullptr), nullptr);
  gst_element_release_request_pad(record, pad);
  gst_object_unref(pad);
  pad = gst_element_request_pad_simple(record, "video");
  EXPECT_NE(pad, nullptr);
  if (pad != nullptr) gst_object_unref(pad);
  gst_object_unref(record);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  novelty::register_novelty_meta();
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  return result;
}
