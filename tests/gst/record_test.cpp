// SPDX-License-Identifier: Apache-2.0
// noveltyrecord in whole pipelines: what lands on disk for which metadata.
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "noveltymeta.h"
#include "record_ring.h"
#include "temp_dir.h"

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using novelty::testing::TempDir;

// What the metadata of a frame says; an empty event is a normal frame.
struct Mark {
  std::string event;
  double score = 1;
  std::string camera = "door";
  bool held = false;
};
using Marks = std::function<Mark(int frame)>;

// Frames [first, last] lie in the event.
struct Span {
  std::string event;
  int first, last;
};

Marks marks_of(std::vector<Span> spans) {
  return [spans = std::move(spans)](int frame) {
    for (const Span& span : spans) {
      if (frame >= span.first && frame <= span.last) return Mark{span.event, 5.0 + frame / 100.0};
    }
    return Mark{};
  };
}

// A pipeline of videotestsrc, hand-made metadata on element `mark`, and noveltyrecord.
class Recording {
 public:
  Recording(const std::string& record, Marks marks, int frames = 100,
            const std::string& size = "width=64,height=48", const std::string& source = {})
      : marks_(std::move(marks)) {
    const std::string text = "videotestsrc num-buffers=" + std::to_string(frames) + " " + source +
                             " ! video/x-raw,framerate=10/1," + size +
                             " ! identity name=mark ! noveltyrecord name=record " + record;
    pipeline_ = gst_parse_launch(text.c_str(), nullptr);
    bus_ = gst_element_get_bus(pipeline_);
    GstElement* mark = gst_bin_get_by_name(GST_BIN(pipeline_), "mark");
    GstPad* pad = gst_element_get_static_pad(mark, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, add_meta, this, nullptr);
    gst_object_unref(pad);
    gst_object_unref(mark);
  }
  ~Recording() {
    stop();
    gst_object_unref(bus_);
    gst_object_unref(pipeline_);
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  void play() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }
  void stop() { gst_element_set_state(pipeline_, GST_STATE_NULL); }

  // Runs to the end; what came over the bus is in the members below.
  Recording& run() {
    play();
    wait_for(GST_MESSAGE_EOS);
    return *this;
  }

  // Collects messages until one of that type, an error, or half a minute passed.
  bool wait_for(GstMessageType type, const std::string& name = {}) {
    constexpr auto kAll = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR |
                                                      GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
    while (GstMessage* message = gst_bus_timed_pop_filtered(bus_, 30 * GST_SECOND, kAll)) {
      const GstMessageType got = GST_MESSAGE_TYPE(message);
      const bool named = name.empty() || gst_message_has_name(message, name.c_str());
      note(message);
      gst_message_unref(message);
      if (got == type && named) return true;
      if (got == GST_MESSAGE_ERROR) return false;
    }
    return false;
  }

  std::vector<std::string> recorded;  // locations, in order
  std::vector<std::string> event_ids;
  std::vector<std::string> order;  // "recorded", "eos", "warning", "error"
  std::string error;

  std::function<void(int frame)> before_frame;

 private:
  void note(GstMessage* message) {
    if (gst_message_has_name(message, "novelty-recorded")) {
      const GstStructure* fields = gst_message_get_structure(message);
      recorded.emplace_back(gst_structure_get_string(fields, "location"));
      event_ids.emplace_back(gst_structure_get_string(fields, "event-ids"));
      order.emplace_back("recorded");
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
      order.emplace_back("eos");
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
      order.emplace_back("warning");
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      order.emplace_back("error");
      GError* what = nullptr;
      gst_message_parse_error(message, &what, nullptr);
      error = what->message;
      g_error_free(what);
    }
  }

  static GstPadProbeReturn add_meta(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& self = *static_cast<Recording*>(data);
    GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    info->data = buffer;
    const int frame = self.frame_++;
    if (self.before_frame) self.before_frame(frame);
    const Mark mark = self.marks_(frame);
    novelty::NoveltyMeta meta;
    meta.score = mark.score;
    meta.threshold = 2;
    meta.p_value = 0.001;
    meta.novel = !mark.event.empty() && !mark.held;
    meta.held = mark.held;
    meta.event_id = mark.event;
    meta.camera = mark.camera;
    meta.model_id = "model";
    meta.scored_pts = GST_BUFFER_PTS(buffer);
    novelty::add_novelty_meta(buffer, meta);
    return GST_PAD_PROBE_OK;
  }

  Marks marks_;
  int frame_ = 0;
  GstElement* pipeline_ = nullptr;
  GstBus* bus_ = nullptr;
};

std::string at(const fs::path& folder, const std::string& more = {}) {
  return "location=" + folder.string() + " " + more;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

Json sidecar_of(const std::string& recording) {
  std::ifstream file(fs::path(recording).replace_extension(".json"));
  return Json::parse(file);
}

struct Decoded {
  int frames = 0;
  GstClockTime first_pts = GST_CLOCK_TIME_NONE;
  bool whole = false;  // ended with EOS, not with an error
};

Decoded decode(const std::string& path) {
  GstElement* pipeline = gst_parse_launch(
      ("filesrc location=" + path + " ! decodebin ! appsink name=out sync=false").c_str(), nullptr);
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  Decoded decoded;
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out), 10 * GST_SECOND)) {
    if (decoded.frames++ == 0) decoded.first_pts = GST_BUFFER_PTS(gst_sample_get_buffer(sample));
    gst_sample_unref(sample);
  }
  decoded.whole = gst_app_sink_is_eos(GST_APP_SINK(out)) != FALSE;
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(out);
  gst_object_unref(pipeline);
  return decoded;
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
  EXPECT_EQ(names_in(folder.path()).size(), 4U);
}

TEST(RecordClips, DescribesAClipInItsSidecar) {
  const TempDir folder;
  Recording recording(at(folder.path(), kRolls), marks_of({{"A", 20, 24}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  const Json json = sidecar_of(recording.recorded[0]);
  EXPECT_EQ(json["schema"], "novelty-recording");
  EXPECT_EQ(json["version"], 1);
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
  recording.before_frame = [&](int frame) {
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
  ASSERT_EQ(names.size(), 2U);
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
  recording.before_frame = [&](int frame) {
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
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"door_A-2.json", "door_A-2.mp4",
                                                               "door_A.json", "door_A.mp4"}));
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

// Takes elements out of the registry for as long as it lives.
class Hidden {
 public:
  explicit Hidden(const std::vector<const char*>& names) {
    for (const char* name : names) {
      GstPluginFeature* feature = gst_registry_lookup_feature(gst_registry_get(), name);
      if (feature == nullptr) continue;
      gst_registry_remove_feature(gst_registry_get(), feature);
      features_.push_back(feature);
    }
  }
  ~Hidden() {
    for (GstPluginFeature* feature : features_) {
      gst_registry_add_feature(gst_registry_get(), feature);
      gst_object_unref(feature);
    }
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  std::vector<GstPluginFeature*> features_;
};

bool is_installed(const char* name) {
  GstElementFactory* factory = gst_element_factory_find(name);
  if (factory != nullptr) gst_object_unref(factory);
  return factory != nullptr;
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
  EXPECT_EQ(recording.order.front(), "error");
  EXPECT_NE(recording.error.find("gstreamer1.0-plugins-ugly"), std::string::npos)
      << recording.error;
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
  EXPECT_EQ(names_in(folder.path()).size(), 8U);
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

novelty::RecordUnit unit_at(double seconds, bool key, std::size_t bytes = 1000) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes, nullptr);
  novelty::RecordUnit unit;
  unit.buffer = novelty::share_buffer(buffer);
  gst_buffer_unref(buffer);
  unit.time.running_ns = static_cast<std::int64_t>(seconds * 1e9);
  unit.key = key;
  return unit;
}

TEST(RecordRing, StartsAtTheKeyFrameAtOrBeforeATime) {
  novelty::RecordRing ring(10'000'000'000, 1 << 20);
  for (int i = 0; i < 50; ++i) ring.push(unit_at(i / 10.0, i % 10 == 0));
  EXPECT_EQ(ring.start_at(2'500'000'000), 20U);
  EXPECT_EQ(ring.start_at(2'000'000'000), 20U);
  EXPECT_EQ(ring.start_at(-1), 0U);
}

TEST(RecordRing, KeepsOnlyTheGroupsThatReachBackFarEnough) {
  novelty::RecordRing ring(2'000'000'000, 1 << 20);
  for (int i = 0; i < 100'000; ++i) ring.push(unit_at(i / 10.0, i % 10 == 0));
  EXPECT_LE(ring.units().size(), 40U);
  EXPECT_GE(ring.units().size(), 20U);
  EXPECT_TRUE(ring.units().front().key);
  EXPECT_EQ(ring.bytes(), ring.units().size() * 1000);
}

TEST(RecordRing, StaysWithinItsBytesWithSparseKeyFrames) {
  novelty::RecordRing ring(10'000'000'000, 50'000);
  for (int i = 0; i < 10'000; ++i) {
    ring.push(unit_at(i / 10.0, i % 200 == 0));
    ASSERT_LE(ring.bytes(), 50'000U);
    ASSERT_TRUE(ring.units().empty() || ring.units().front().key);
  }
}

TEST(RecordRing, HoldsNothingBeforeAKeyFrame) {
  novelty::RecordRing ring(1'000'000'000, 1 << 20);
  ring.push(unit_at(0, false));
  EXPECT_TRUE(ring.units().empty());
  EXPECT_EQ(ring.start_at(0), std::nullopt);
  ring.push(unit_at(0.1, true));
  EXPECT_EQ(ring.start_at(0), 1U);
  EXPECT_EQ(ring.find_or_null(0), nullptr);
  EXPECT_NE(ring.find_or_null(1), nullptr);
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
