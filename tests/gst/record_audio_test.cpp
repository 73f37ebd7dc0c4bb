// SPDX-License-Identifier: Apache-2.0
// noveltyrecord with sound: what is heard belongs to what is seen, and sound never costs pictures.
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "record_harness.h"
#include "temp_dir.h"

namespace novelty::testing {
namespace {

constexpr double kSecond = 1e9;
constexpr int kRate = 10;  // pictures a second

// A picture each 0.1 s with hand-made metadata, and what gives the sound.
class SoundRecording : public RecordedPipeline {
 public:
  SoundRecording(const std::string& record, const std::string& sound, Marks marks, int frames = 100,
                 const std::string& source = {})
      : RecordedPipeline("videotestsrc num-buffers=" + std::to_string(frames) + " " + source +
                         " ! video/x-raw,framerate=10/1,width=64,height=48 ! identity name=mark ! "
                         "noveltyrecord name=record " +
                         record + "  " + sound),
        marker(pipeline(), "mark", std::move(marks)) {}
  ~SoundRecording() { stop(); }
  SoundRecording(const SoundRecording&) = delete;
  SoundRecording& operator=(const SoundRecording&) = delete;

  Marker marker;
};

// Short ticks at 0.6, 1.3, 2.0 s and so on.
std::string ticks(double seconds) {
  const int buffers = static_cast<int>(seconds * kRate);
  return "audiotestsrc wave=ticks tick-interval=700000000 freq=2000 samplesperbuffer=4800 "
         "num-buffers=" +
         std::to_string(buffers) + " ! audio/x-raw,rate=48000,channels=1";
}

// No two buffers of it are alike.
constexpr const char* kNoise =
    "audiotestsrc wave=white-noise samplesperbuffer=4800 num-buffers=100 ! "
    "audio/x-raw,rate=48000,channels=1";

// When a loud step follows quiet ones, seconds.
std::vector<double> onsets(const std::vector<double>& loudness) {
  std::vector<double> found;
  int quiet = 10;
  for (std::size_t i = 0; i < loudness.size(); ++i) {
    if (loudness[i] < 0.1) {
      ++quiet;
    } else {
      if (quiet >= 10) found.push_back(static_cast<double>(i) / 100);
      quiet = 0;
    }
  }
  return found;
}

void expect_near(const std::vector<double>& found, const std::vector<double>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], wanted[i], 0.03) << ::testing::PrintToString(found);
}

class RecordSound : public ::testing::Test {
 protected:
  std::string at(const std::string& more) const { return "location=" + clips() + more; }
  std::string clips() const { return dir_ / "clips"; }
  std::string file(const std::string& name) const { return dir_ / name; }

 private:
  TempDir dir_;
};

constexpr const char* kRolls = " pre-roll=1 post-roll=0.5";

TEST_F(RecordSound, RawSoundBecomesOpusAndBelongsToThePictures) {
  for (const char* ending : {"mp4", "mkv", "webm"}) {
    SoundRecording recording(
        at(std::string("/%{event}.") + ending + kRolls +
           (std::string(ending) == "webm" ? " encoder=\"vp8enc deadline=1\"" : "")),
        ticks(10) + " ! record.audio_0", marks_of({{"A", 20, 24}, {"B", 64, 68}}));
    recording.run();
    ASSERT_EQ(recording.recorded.size(), 2U) << recording.error << ending;
    // Key frames lie at whole seconds: A's clip is seconds 1.0 to 3.0, B's 5.0 to 7.4.
    const auto a = loudness_of(recording.recorded[0]);
    EXPECT_NEAR(static_cast<double>(a.size()) / 100, 2.0, 0.05) << ending;
    expect_near(onsets(a), {0.3, 1.0, 1.7});
    const auto b = loudness_of(recording.recorded[1]);
    EXPECT_NEAR(static_cast<double>(b.size()) / 100, 2.4, 0.05) << ending;
    expect_near(onsets(b), {0.5, 1.2, 1.9});
    EXPECT_EQ(units_of_track(recording.recorded[0], "video_0").size(), 20U);
    EXPECT_EQ(recording.warning, "");
  }
}

TEST_F(RecordSound, EncodedSoundIsRecordedAsItComes) {
  for (const auto& [encoder, encode] : {std::pair{"opusenc", "opusenc"},
                                        {"avenc_aac", "avenc_aac ! aacparse"},
                                        {"lamemp3enc", "lamemp3enc ! mpegaudioparse"}}) {
    if (!is_installed(encoder)) continue;
    const std::string whole = file("whole.mkv");
    SoundRecording recording(at("/%{event}.mp4 max-duration=2 pre-roll=1 post-roll=0.5"),
                             std::string(kNoise) + " ! " + encode +
                                 " ! tee name=t  t. ! queue ! matroskamux ! filesink location=" +
                                 whole + "  t. ! queue ! record.audio_0",
                             marks_of({{"A", 20, 70}}));
    recording.run();
    ASSERT_GE(recording.recorded.size(), 3U) << recording.error << encoder;
    const std::vector<FileUnit> source = units_of_track(whole, "audio_0");
    int next = -1;  // where the clip before ended: there is no gap and nothing twice
    for (const std::string& clip : recording.recorded) {
      const std::vector<FileUnit> part = units_of_track(clip, "audio_0");
      ASSERT_FALSE(part.empty()) << encoder;
      const auto found =
          std::search(source.begin(), source.end(), part.begin(), part.end(),
                      [](const FileUnit& a, const FileUnit& b) { return a.pixels == b.pixels; });
      ASSERT_NE(found, source.end()) << encoder << " " << clip;
      if (next >= 0) {
        EXPECT_EQ(found - source.begin(), next) << encoder << " " << clip;
      }
      next = static_cast<int>(found - source.begin() + static_cast<std::ptrdiff_t>(part.size()));
      const auto json = sidecar_of(clip);
      const double lasts_s =
          (json["end_ns"].get<double>() - json["begin_ns"].get<double>()) / kSecond;
      EXPECT_NEAR(static_cast<double>(part.back().pts_ns) / kSecond, lasts_s, 0.1) << clip;
      EXPECT_LE(static_cast<double>(part.front().pts_ns) / kSecond, 0.06) << clip;
    }
  }
}

TEST_F(RecordSound, TelephoneSoundBecomesOpus) {
  if (!is_installed("alawenc")) GTEST_SKIP() << "alawenc is not installed";
  SoundRecording recording(at(kRolls),
                           ticks(10) +
                               " ! audioresample ! audio/x-raw,rate=8000 ! alawenc ! "
                               "record.audio_0",
                           marks_of({{"A", 20, 24}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  expect_near(onsets(loudness_of(recording.recorded[0])), {0.3, 1.0, 1.7});
}

TEST_F(RecordSound, TwoTracks) {
  SoundRecording recording(at(kRolls),
                           ticks(10) + " ! record.audio_%u  " + ticks(10) + " ! record.audio_%u",
                           marks_of({{"A", 20, 24}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  EXPECT_FALSE(units_of_track(recording.recorded[0], "audio_0").empty());
  EXPECT_FALSE(units_of_track(recording.recorded[0], "audio_1").empty());
}

// A source that gives so much sound, then neither more nor an end.
class BrokenSound {
 public:
  BrokenSound(GstElement* pipeline, double seconds)
      : source_(gst_bin_get_by_name(GST_BIN(pipeline), "broken")) {
    constexpr gsize kBytes = 9600;  // 0.1 s
    for (int i = 0; i < seconds * kRate; ++i) {
      GstBuffer* buffer = gst_buffer_new_allocate(nullptr, kBytes, nullptr);
      gst_buffer_memset(buffer, 0, 0, kBytes);
      GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(i) * GST_SECOND / kRate;
      GST_BUFFER_DURATION(buffer) = GST_SECOND / kRate;
      gst_app_src_push_buffer(GST_APP_SRC(source_), buffer);
    }
  }
  ~BrokenSound() { gst_object_unref(source_); }
  BrokenSound(const BrokenSound&) = delete;
  BrokenSound& operator=(const BrokenSound&) = delete;

  void end() { gst_app_src_end_of_stream(GST_APP_SRC(source_)); }

 private:
  GstElement* source_;
};
constexpr const char* kBroken =
    "appsrc name=broken format=time "
    "caps=audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! record.audio_0";

TEST_F(RecordSound, SoundThatStopsCostsNoPicture) {
  SoundRecording recording(at(kRolls), kBroken, marks_of({{"A", 20, 80}}));
  BrokenSound sound(recording.pipeline(), 4);  // demuxers drop short tracks
  recording.play();
  ASSERT_TRUE(recording.wait_for(GST_MESSAGE_ELEMENT, "novelty-recorded")) << recording.error;
  sound.end();
  ASSERT_TRUE(recording.wait_for(GST_MESSAGE_EOS)) << recording.error;
  EXPECT_EQ(units_of_track(recording.recorded[0], "video_0").size(), 76U);  // 1.0 to 8.6 s
  const auto heard = units_of_track(recording.recorded[0], "audio_0");
  ASSERT_FALSE(heard.empty());
  EXPECT_NEAR(static_cast<double>(heard.back().pts_ns) / kSecond, 3, 0.1);
}

TEST_F(RecordSound, SoundThatStopsDelaysNoLiveCamera) {
  SoundRecording recording(at(kRolls), kBroken, marks_of({{"A", 20, 30}}), 60, "is-live=true");
  BrokenSound sound(recording.pipeline(), 1.5);
  const auto begin = std::chrono::steady_clock::now();
  recording.play();
  ASSERT_TRUE(recording.wait_for(GST_MESSAGE_ELEMENT, "novelty-recorded")) << recording.error;
  sound.end();
  ASSERT_TRUE(recording.wait_for(GST_MESSAGE_EOS)) << recording.error;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  EXPECT_EQ(units_of_track(recording.recorded[0], "video_0").size(), 26U);  // 1.0 to 3.6 s
}

TEST_F(RecordSound, WhatTheFileDoesNotTakeIsLeftOutAndSaidSo) {
  if (!is_installed("avenc_aac")) GTEST_SKIP() << "avenc_aac is not installed";
  SoundRecording recording(at("/%{event}.webm encoder=\"vp8enc deadline=1\"") + kRolls,
                           ticks(10) + " ! avenc_aac ! record.audio_0",
                           marks_of({{"A", 20, 24}, {"B", 64, 68}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 2U) << recording.error;
  EXPECT_EQ(units_of_track(recording.recorded[0], "video_0").size(), 20U);
  EXPECT_NE(recording.warning.find(".mkv"), std::string::npos) << recording.warning;
  EXPECT_EQ(std::count(recording.order.begin(), recording.order.end(), "warning"), 1);
}

TEST_F(RecordSound, IsLeftOutWithoutAParser) {
  if (!is_installed("avenc_aac")) GTEST_SKIP() << "avenc_aac is not installed";
  SoundRecording recording(at(kRolls), ticks(10) + " ! avenc_aac ! record.audio_0",
                           marks_of({{"A", 20, 24}}));
  const Hidden hidden({"aacparse"});
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  EXPECT_NE(recording.warning.find("No sound is recorded"), std::string::npos);
  EXPECT_EQ(units_of_track(recording.recorded[0], "video_0").size(), 20U);
}

TEST_F(RecordSound, GoesNowhereWithStills) {
  SoundRecording recording("what=frames " + at(""), ticks(10) + " ! record.audio_0",
                           marks_of({{"A", 20, 24}}));
  recording.run();
  EXPECT_EQ(recording.recorded.size(), 1U) << recording.error;
}

TEST_F(RecordSound, IsThereAgainAfterASeekAndAStop) {
  SoundRecording recording(at("/%{event}.mp4") + kRolls, ticks(10) + " ! record.audio_0",
                           marks_of({{"A", 20, 24}, {"B", 120, 124}}));
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 1U) << recording.error;
  gst_element_set_state(recording.pipeline(), GST_STATE_READY);
  recording.run();
  ASSERT_EQ(recording.recorded.size(), 2U) << recording.error;
  expect_near(onsets(loudness_of(recording.recorded[1])), {0.3, 1.0, 1.7});
}

TEST_F(RecordSound, AStopInAnEventWaitsForNothing) {
  SoundRecording recording(at(kRolls), kBroken, marks_of({{"A", 5, 100000}}), -1, "is-live=true");
  BrokenSound sound(recording.pipeline(), 0.3);
  recording.play();
  g_usleep(2 * G_USEC_PER_SEC);
  const auto begin = std::chrono::steady_clock::now();
  recording.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_EQ(names_in(clips()).size(), 4U);  // clip, sidecar, two posters
}

// Its sound goes on to nowhere.
TEST_F(RecordSound, OutlivesTheVideoPad) {
  RecordedPipeline playing("noveltyrecord name=record " + at("") +
                           "  audiotestsrc is-live=true num-buffers=100 samplesperbuffer=441 ! "
                           "record.audio_0  fakesrc num-buffers=1 ! fakesink");
  GstElement* record = gst_bin_get_by_name(GST_BIN(playing.pipeline()), "record");
  GstPad* video = gst_element_request_pad_simple(record, "video");
  playing.play();
  g_usleep(G_USEC_PER_SEC / 3);
  gst_element_release_request_pad(record, video);
  gst_object_unref(video);
  gst_object_unref(record);
  g_usleep(G_USEC_PER_SEC / 3);
  playing.wait_for(GST_MESSAGE_EOS);
  EXPECT_EQ(playing.error, "");
}

TEST_F(RecordSound, PadsComeAndGo) {
  GstElement* record = gst_element_factory_make("noveltyrecord", nullptr);
  gst_object_ref_sink(record);
  GstPad* first = gst_element_request_pad_simple(record, "audio_%u");
  GstPad* named = gst_element_request_pad_simple(record, "audio_7");
  ASSERT_NE(first, nullptr);
  ASSERT_NE(named, nullptr);
  EXPECT_STREQ(GST_PAD_NAME(first), "audio_0");
  EXPECT_STREQ(GST_PAD_NAME(named), "audio_7");
  gst_element_release_request_pad(record, first);
  gst_object_unref(first);
  GstPad* again = gst_element_request_pad_simple(record, "audio_%u");
  EXPECT_STREQ(GST_PAD_NAME(again), "audio_0");
  gst_object_unref(again);
  gst_object_unref(named);
  gst_object_unref(record);  // with pads that nobody released
}

}  // namespace
}  // namespace novelty::testing
