// SPDX-License-Identifier: Apache-2.0
// noveltyrecord on encoded video, told by a detector on another branch: what is recorded is what
// came in.
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "noveltymeta.h"
#include "record_harness.h"
#include "temp_dir.h"
#include "test_model.h"

namespace novelty::testing {
namespace {

namespace fs = std::filesystem;

constexpr double kSecond = 1e9;

// Six visits as in the room clip, at ten frames a second.
const std::vector<Span> kVisits{{"A", 60, 202},  {"B", 227, 451},  {"C", 502, 703},
                                {"D", 745, 872}, {"E", 921, 1205}, {"F", 1234, 1366}};
constexpr int kFrames = 1394;
constexpr int kGroup = 10;  // frames from key to key

void make_video(const std::string& path, int frames, const std::string& encode) {
  RecordedPipeline making("videotestsrc pattern=ball num-buffers=" + std::to_string(frames) +
                          " ! video/x-raw,format=I420,width=64,height=48,framerate=10/1 ! " +
                          encode + " ! filesink location=" + path);
  making.run();
  ASSERT_EQ(making.error, "");
}

const char* const kReordering =
    "x264enc bframes=2 b-adapt=false key-int-max=10 speed-preset=ultrafast ! h264parse ! mp4mux";

class EncodedRecording : public RecordedPipeline {
 public:
  struct Options {
    std::string source;  // up to the tee
    std::string record;  // properties of noveltyrecord, location among them
    std::string slow;    // between tee and decoder
    std::string sink = "fakesink";
  };
  EncodedRecording(const Options& options, const std::string& model, Marks marks)
      : RecordedPipeline(options.source + " ! tee name=t  t. ! queue " + options.slow +
                         " ! decodebin ! videoconvert ! noveltydetect name=d mode=every-frame "
                         "scene-guard=false model=" +
                         model + " ! " + options.sink +
                         "  t. ! queue ! noveltyrecord name=record detector=d " + options.record),
        marker(pipeline(), "d", std::move(marks)) {}
  ~EncodedRecording() { stop(); }
  EncodedRecording(const EncodedRecording&) = delete;
  EncodedRecording& operator=(const EncodedRecording&) = delete;

  Marker marker;
};

class RecordEncoded : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_installed("x264enc") || !is_installed("h264parse"))
      GTEST_SKIP() << "x264enc or h264parse is not installed";
    write_test_model(model());
  }

  static std::string from_file(const std::string& video) {
    return "filesrc location=" + video + " ! parsebin";
  }
  std::string model() const { return dir_ / "test.novelty"; }
  std::string clips() const { return dir_ / "clips"; }
  std::string drawn(int frames, const std::string& encode = kReordering) const {
    std::string path = dir_ / "drawn.mp4";
    make_video(path, frames, encode);
    return path;
  }
  std::string record(const std::string& rolls) const { return "location=" + clips() + " " + rolls; }

 private:
  TempDir dir_;
};

// Each clip holds its event with the rolls, no more than a group earlier and a second later.
void expect_rolls(const std::vector<std::string>& clips, double pre_s, double post_s) {
  for (const std::string& clip : clips) {
    const nlohmann::json json = sidecar_of(clip);
    const auto& events = json["events"];
    const double begin_s = json["begin_ns"].get<double>() / kSecond;
    const double end_s = json["end_ns"].get<double>() / kSecond;
    const double early_s = events.front()["begin_ns"].get<double>() / kSecond - begin_s;
    const double late_s = end_s - events.back()["end_ns"].get<double>() / kSecond;
    EXPECT_GE(early_s, pre_s) << clip;
    EXPECT_LE(early_s, pre_s + kGroup / 10.0) << clip;
    EXPECT_GE(late_s, post_s) << clip;
    EXPECT_LE(late_s, post_s + 1) << clip;
  }
}

// The source's pictures, bit by bit, with at most a tenth of container around them.
void expect_untouched(const std::string& source, const std::vector<std::string>& clips) {
  const std::vector<FileUnit> whole = units_of(source);
  std::size_t file_bytes = 0;
  std::size_t source_bytes = 0;
  for (const std::string& clip : clips) {
    const std::vector<FileUnit> part = units_of(clip);
    const int at = position_in(whole, part);
    ASSERT_GE(at, 0) << clip;
    EXPECT_TRUE(part.front().key) << clip;
    EXPECT_EQ(part.size(), sidecar_of(clip)["frames"].get<std::size_t>()) << clip;
    file_bytes += fs::file_size(clip);
    for (std::size_t i = 0; i < part.size(); ++i)
      source_bytes += whole[static_cast<std::size_t>(at) + i].bytes;
  }
  ASSERT_GT(source_bytes, 0U);
  ::testing::Test::RecordProperty("percent_of_source",
                                  static_cast<int>(100 * file_bytes / source_bytes));
  // In tiny pictures the container's own bytes weigh more.
  const double most = source_bytes > 1'000'000 ? 1.1 : 3;
  EXPECT_LE(static_cast<double>(file_bytes), most * static_cast<double>(source_bytes));
}

void expect_playable(const std::vector<std::string>& clips) {
  gchar* ffprobe = g_find_program_in_path("ffprobe");
  for (const std::string& clip : clips) {
    const Decoded decoded = decode(clip);
    EXPECT_TRUE(decoded.whole) << clip;
    EXPECT_EQ(decoded.frames, sidecar_of(clip)["frames"].get<int>()) << clip;
    if (ffprobe == nullptr) continue;
    gint status = -1;
    gchar* said = nullptr;
    const std::string line = std::string(ffprobe) +
                             " -v error -count_frames -show_entries "
                             "stream=nb_read_frames -of csv=p=0 " +
                             clip;
    ASSERT_TRUE(g_spawn_command_line_sync(line.c_str(), &said, nullptr, &status, nullptr));
    EXPECT_EQ(status, 0) << clip;
    EXPECT_EQ(std::strtol(said, nullptr, 10), decoded.frames) << said;
    g_free(said);
  }
  g_free(ffprobe);
}

void expect_visits(const std::string& source, const std::string& model, const std::string& folder) {
  const std::string from = "filesrc location=" + source + " ! parsebin";
  const std::string location = "location=" + folder + "/";
  EncodedRecording six({from, location + "six pre-roll=1 post-roll=0.5", "", "fakesink"}, model,
                       marks_of(kVisits));
  six.run();
  ASSERT_EQ(six.event_ids, (std::vector<std::string>{"A", "B", "C", "D", "E", "F"})) << six.error;
  expect_rolls(six.recorded, 1, 0.5);
  expect_untouched(source, six.recorded);
  expect_playable(six.recorded);
  EncodedRecording one({from, location + "one pre-roll=3 post-roll=2", "", "fakesink"}, model,
                       marks_of(kVisits));
  one.run();
  ASSERT_EQ(one.event_ids, std::vector<std::string>{"A,B,C,D,E,F"}) << one.error;
  expect_rolls(one.recorded, 3, 2);
  expect_untouched(source, one.recorded);
}

TEST_F(RecordEncoded, RecordsEachVisitOfADrawnClip) {
  expect_visits(drawn(kFrames), model(), clips());
}

TEST_F(RecordEncoded, RecordsEachVisitOfTheRoomClip) {
  const char* root = std::getenv("NOVELTY_SOURCE_ROOT");
  const std::string room = fs::path(root == nullptr ? "." : root).parent_path() /
                           "shared/video/one-by-one-person-detection.mp4";
  if (!fs::exists(room)) GTEST_SKIP() << "the clip is not there: " << room;
  expect_visits(room, model(), clips());
}

TEST_F(RecordEncoded, TakesAByteStream) {
  const std::string source = drawn(100);
  EncodedRecording recording(
      {from_file(source) + " ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au",
       record("pre-roll=1 post-roll=0.5"), "", "fakesink"},
      model(), marks_of({{"A", 40, 50}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  expect_untouched(source, recording.recorded);
  expect_playable(recording.recorded);
}

// A camera on RTP that reorders its pictures: no decoding times come with them.
TEST_F(RecordEncoded, GivesReorderedPicturesOverRtpTheirDecodingTimes) {
  if (!is_installed("rtph264pay") || !is_installed("udpsrc") || !is_installed("h264timestamper"))
    GTEST_SKIP() << "rtph264pay, udpsrc or h264timestamper is not installed";
  const std::string source = drawn(80);
  const std::string port = "port=47" + std::to_string(100 + getpid() % 900);
  EncodedRecording camera(
      {"udpsrc " + port +
           " caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=H264 ! "
           "rtpjitterbuffer latency=200 ! rtph264depay ! h264parse",
       record("pre-roll=1 post-roll=0.5"), "", "fakesink"},
      model(), marks_of({{"A", 30, 40}}));
  RecordedPipeline sender("filesrc location=" + source +
                          " ! qtdemux ! h264parse config-interval=-1 ! rtph264pay ! udpsink "
                          "host=127.0.0.1 sync=true " +
                          port);
  camera.play();
  sender.run();
  gst_element_send_event(camera.pipeline(), gst_event_new_eos());
  camera.wait_for(GST_MESSAGE_EOS);
  ASSERT_EQ(camera.recorded.size(), 1U) << camera.error;
  const auto whole = units_of(source);
  const auto part = units_of(camera.recorded.front());
  ASSERT_GT(part.size(), 20U);
  const auto same = [](const FileUnit& a, const FileUnit& b) { return a.pixels == b.pixels; };
  EXPECT_NE(std::search(whole.begin(), whole.end(), part.begin(), part.end(), same), whole.end());
  EXPECT_TRUE(std::is_sorted(part.begin(), part.end(), [](const FileUnit& a, const FileUnit& b) {
    return a.dts_ns < b.dts_ns;
  }));
  EXPECT_FALSE(std::is_sorted(part.begin(), part.end(), [](const FileUnit& a, const FileUnit& b) {
    return a.pts_ns < b.pts_ns;
  }));
  for (const FileUnit& unit : part) EXPECT_LE(unit.dts_ns, unit.pts_ns);
  expect_playable(camera.recorded);
}

TEST_F(RecordEncoded, TakesVp8AndH265) {
  for (const auto& [encoder, encode] :
       {std::pair{"vp8enc", "vp8enc deadline=1 keyframe-max-dist=10 ! webmmux"},
        {"x265enc",
         "x265enc key-int-max=10 speed-preset=ultrafast option-string=open-gop=0 ! h265parse ! "
         "mp4mux"}}) {
    if (!is_installed(encoder)) continue;
    fs::remove_all(clips());
    const std::string source = drawn(100, encode);
    EncodedRecording recording(
        {from_file(source), record("pre-roll=1 post-roll=0.5"), "", "fakesink"}, model(),
        marks_of({{"A", 40, 50}}));
    recording.run();
    ASSERT_EQ(recording.recorded.size(), 1U) << encoder << recording.error;
    expect_untouched(source, recording.recorded);
    expect_playable(recording.recorded);
    EXPECT_EQ(names_in(clips()).size(), 4U) << encoder << recording.warning;
  }
}

TEST_F(RecordEncoded, GoesOnWithoutAGapAtTheMaximumDuration) {
  const std::string source = drawn(200);
  EncodedRecording recording(
      {from_file(source), record("pre-roll=1 post-roll=0.5 max-duration=3"), "", "fakesink"},
      model(), marks_of({{"A", 40, 140}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 4U) << recording.error;
  expect_untouched(source, recording.recorded);
  const std::vector<FileUnit> whole = units_of(source);
  int next = -1;
  std::string before;
  for (const std::string& clip : recording.recorded) {
    const std::vector<FileUnit> part = units_of(clip);
    const int at = position_in(whole, part);
    EXPECT_EQ(at, next < 0 ? at : next) << clip;
    next = at + static_cast<int>(part.size());
    const nlohmann::json json = sidecar_of(clip);
    EXPECT_EQ(json["continues"], before.empty() ? nlohmann::json(nullptr) : nlohmann::json(before))
        << clip;
    before = fs::path(clip).stem();
  }
}

// Keys every ten seconds, a detector that is far behind and a ring that holds its lead.
TEST_F(RecordEncoded, HandlesSparseKeyFramesAndASlowDetector) {
  const std::string source =
      drawn(600, "x264enc key-int-max=100 speed-preset=ultrafast ! h264parse ! mp4mux");
  EncodedRecording recording({from_file(source), record("pre-roll=1 post-roll=0.5"),
                              "max-size-buffers=0 max-size-time=0 max-size-bytes=0", "fakesink"},
                             model(), marks_of({{"A", 235, 240}, {"B", 580, 599}}));
  recording.marker.before_frame = [](int frame) {
    if (frame % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  recording.run();
  ASSERT_EQ(recording.event_ids, (std::vector<std::string>{"A", "B"})) << recording.error;
  expect_untouched(source, recording.recorded);
  const nlohmann::json b = sidecar_of(recording.recorded[1]);
  EXPECT_LE(b["begin_ns"].get<double>(), 57 * kSecond);
  EXPECT_EQ(b["end_ns"], b["events"][0]["end_ns"].get<std::int64_t>() + 100'000'000);
}

std::string without(const std::string& what) {
  return "max-size-buffers=0 max-size-time=0 max-size-bytes=0 ! valve drop=true drop-mode=" + what;
}

TEST_F(RecordEncoded, EndsWithADetectorThatSawNothing) {
  const std::string source = drawn(150);
  EncodedRecording recording({from_file(source), record("pre-roll=1"),
                              without("forward-sticky-events"), "fakesink async=false"},
                             model(), marks_of({}));
  recording.run();
  EXPECT_EQ(recording.order, std::vector<std::string>{"eos"}) << recording.error;
}

// The recorder, ten seconds ahead, waits; the detector stands for longer than that wait lasts.
TEST_F(RecordEncoded, GoesOnAndLosesNothingWhenTheDetectorStands) {
  const std::string source = drawn(300);
  EncodedRecording recording({from_file(source), record("pre-roll=1 post-roll=0.5"),
                              "max-size-buffers=0 max-size-time=0 max-size-bytes=0", "fakesink"},
                             model(), marks_of({{"A", 40, 50}}));
  recording.marker.before_frame = [](int frame) {
    if (frame == 5) std::this_thread::sleep_for(std::chrono::seconds(7));
  };
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  expect_untouched(source, recording.recorded);
}

TEST_F(RecordEncoded, LosesNothingAtTheEndOfALiveStream) {
  EncodedRecording recording(
      {"videotestsrc is-live=true num-buffers=60 ! video/x-raw,width=64,height=48,framerate=30/1 ! "
       "x264enc tune=zerolatency key-int-max=10 ! h264parse",
       record("pre-roll=0.5 post-roll=0"), "", "fakesink"},
      model(), marks_of({{"A", 50, 59}}));
  recording.run();
  ASSERT_EQ(recording.event_ids, std::vector<std::string>{"A"}) << recording.error;
  const nlohmann::json json = sidecar_of(recording.recorded[0]);
  EXPECT_EQ(json["events"][0]["frames"], 10);
  EXPECT_GE(json["frames"], 25);  // 15 of pre-roll and the event's 10
  EXPECT_LE(json["frames"], 35);
  EXPECT_FALSE(json["begin_utc"].is_null());
}

TEST_F(RecordEncoded, RunsSeveralRecordersAtOnce) {
  const std::string source = drawn(100);
  const std::vector<std::string> events{"K", "L", "M", "N"};
  std::vector<std::unique_ptr<EncodedRecording>> all;
  for (const std::string& event : events) {
    all.push_back(std::make_unique<EncodedRecording>(
        EncodedRecording::Options{from_file(source), record("pre-roll=1 post-roll=0.5"), "",
                                  "fakesink"},
        model(), marks_of({{event, 40, 50}})));
    all.back()->play();
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    EncodedRecording& one = *all[i];
    EXPECT_TRUE(one.wait_for(GST_MESSAGE_EOS)) << one.error;
    EXPECT_EQ(one.event_ids, std::vector<std::string>{events[i]});
    expect_untouched(source, one.recorded);
  }
}

TEST_F(RecordEncoded, SaysWhenThereIsNoSuchDetector) {
  const std::string line = "videotestsrc num-buffers=5 ! identity name=other ! noveltyrecord ";
  RecordedPipeline missing(line + "detector=nobody");
  missing.play();
  EXPECT_FALSE(missing.wait_for(GST_MESSAGE_EOS));
  EXPECT_NE(missing.error.find("has no element 'nobody'"), std::string::npos) << missing.error;
  RecordedPipeline wrong(line + "detector=other");
  wrong.play();
  EXPECT_FALSE(wrong.wait_for(GST_MESSAGE_EOS));
  EXPECT_NE(wrong.error.find("'other' is a GstIdentity"), std::string::npos) << wrong.error;
}

TEST_F(RecordEncoded, TakesNoStillsOfEncodedVideo) {
  RecordedPipeline recording(from_file(drawn(20)) + " ! noveltyrecord what=frames");
  recording.play();
  EXPECT_FALSE(recording.wait_for(GST_MESSAGE_EOS));
  EXPECT_NE(recording.error.find("need raw video"), std::string::npos) << recording.error;
}

}  // namespace
}  // namespace novelty::testing

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  novelty::register_novelty_meta();
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  return result;
}
