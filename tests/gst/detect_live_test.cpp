// SPDX-License-Identifier: Apache-2.0
// noveltydetect on live sources: frames are never held, whatever scoring costs.
#include <gst/app/gstappsrc.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "detect_harness.h"
#include "test_model.h"

namespace novelty::testing {
namespace {

std::string mode_in_force(GstElement* element) {
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  std::string mode = gst_structure_get_string(stats, "mode");
  gst_structure_free(stats);
  return mode;
}

// Plays `line` (with %MODEL%) to its end and gives the mode that noveltydetect, named d, chose.
std::string mode_chosen_in(std::string line) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  line.replace(line.find("%MODEL%"), 7, dir / "m.novelty");
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstElement* detect = gst_bin_get_by_name(GST_BIN(pipeline), "d");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstMessage* end = wait_message(
      bus, static_cast<GstMessageType>(static_cast<int>(GST_MESSAGE_EOS) | GST_MESSAGE_ERROR));
  EXPECT_TRUE(end != nullptr && GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS);
  std::string mode = mode_in_force(detect);
  if (end != nullptr) gst_message_unref(end);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(detect);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  return mode;
}

TEST(NoveltyLive, AutoScoresEveryFrameOfAFile) {
  EXPECT_EQ(mode_chosen_in("videotestsrc num-buffers=3 ! noveltydetect name=d model=%MODEL% ! "
                           "fakesink"),
            "every-frame");
}

TEST(NoveltyLive, AutoScoresTheLatestFrameOfALiveSource) {
  EXPECT_EQ(mode_chosen_in("videotestsrc is-live=true num-buffers=3 ! noveltydetect name=d "
                           "model=%MODEL% ! fakesink"),
            "latest");
}

TEST(NoveltyLive, AutoScoresTheLatestFrameOfAPacedFile) {
  EXPECT_EQ(mode_chosen_in("videotestsrc num-buffers=3 ! clocksync ! noveltydetect name=d "
                           "model=%MODEL% ! fakesink"),
            "latest");
}

TEST(NoveltyLive, ModeOverridesTheSource) {
  EXPECT_EQ(mode_chosen_in("videotestsrc is-live=true num-buffers=3 ! noveltydetect name=d "
                           "mode=every-frame model=%MODEL% ! fakesink"),
            "every-frame");
}

TEST(NoveltyLive, AsksAgainWhenAnotherStreamStarts) {
  DetectHarness detect("mode=auto");
  detect.push(0, 0);
  EXPECT_EQ(mode_in_force(detect.element()), "latest");
  g_object_set(detect.element(), "mode", 1, nullptr);
  detect.push(0, 1);
  EXPECT_EQ(mode_in_force(detect.element()), "every-frame");
}

TEST(NoveltyLive, FramesCarryTheNewestResultAndItsAge) {
  DetectHarness detect("mode=latest hold=1000000000");
  std::optional<NoveltyMeta> meta;
  const gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
  int frame = 0;
  EXPECT_FALSE(detect.push(0.5, frame)) << "nothing is scored yet";
  while (!meta && g_get_monotonic_time() < end) {
    g_thread_yield();
    ++frame;
    meta = detect.push(frame % 2 == 0 ? 0.5 : 0.6, frame);
  }
  ASSERT_TRUE(meta);
  EXPECT_GT(meta->age_ns, 0U);
  EXPECT_EQ(meta->scored_pts + meta->age_ns, static_cast<std::uint64_t>(frame) * kFrame);
  EXPECT_FALSE(meta->event_id.empty());
  EXPECT_EQ(detect.messages().at(0).stream_time, meta->scored_pts);
}

TEST(NoveltyLive, DropsWhatWasUnderWayAtAFlush) {
  setenv("NOVELTY_FAKE_BURN_MS", "100", 1);
  DetectHarness detect("mode=latest hold=1000000000");
  unsetenv("NOVELTY_FAKE_BURN_MS");
  detect.push(0.5, 0);
  gst_harness_push_event(detect.harness(), gst_event_new_flush_start());
  gst_harness_push_event(detect.harness(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(detect.harness(), gst_event_new_segment(&segment));
  std::optional<NoveltyMeta> meta;
  const gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
  for (int frame = 0; !meta && g_get_monotonic_time() < end; ++frame) {
    meta = detect.push(0, frame);
    g_thread_yield();
  }
  ASSERT_TRUE(meta);
  EXPECT_LT(meta->score, 0.1) << "the result of a frame before the flush came through";
}

TEST(NoveltyLive, EveryFrameAnswersTheLatencyQueryWithItsOwn) {
  setenv("NOVELTY_FAKE_BURN_MS", "20", 1);
  DetectHarness detect("mode=every-frame");
  unsetenv("NOVELTY_FAKE_BURN_MS");
  EXPECT_EQ(gst_harness_query_latency(detect.harness()), 0U);
  detect.push(0, 0);
  EXPECT_GE(gst_harness_query_latency(detect.harness()), 20 * GST_MSECOND);
  GstMessage* message = wait_message(detect.bus(), GST_MESSAGE_LATENCY);
  ASSERT_NE(message, nullptr);
  gst_message_unref(message);
}

// Records when each frame passes a pad.
class PassTimes {
 public:
  explicit PassTimes(GstElement* element, const char* pad_name) {
    GstPad* pad = gst_element_get_static_pad(element, pad_name);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, note, this, nullptr);
    gst_object_unref(pad);
  }

  std::map<GstClockTime, gint64> times_us() const {
    const std::lock_guard lock(mutex_);
    return times_us_;
  }

 private:
  static GstPadProbeReturn note(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto* times = static_cast<PassTimes*>(self);
    const gint64 now = g_get_monotonic_time();
    const std::lock_guard lock(times->mutex_);
    times->times_us_[GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info))] = now;
    return GST_PAD_PROBE_OK;
  }

  mutable std::mutex mutex_;
  std::map<GstClockTime, gint64> times_us_;  // guarded by mutex_
};

// A 1080p30 camera: four buffers and no more; a frame that finds none of them free is lost.
class Camera {
 public:
  static constexpr const char* kCaps =
      "video/x-raw,format=NV12,width=1920,height=1080,framerate=30/1";

  explicit Camera(GstElement* appsrc)
      : appsrc_(GST_APP_SRC(appsrc)), pool_(gst_video_buffer_pool_new()) {
    GstCaps* caps = gst_caps_from_string(kCaps);
    GstStructure* config = gst_buffer_pool_get_config(pool_);
    gst_buffer_pool_config_set_params(config, caps, 1920 * 1080 * 3 / 2, 4, 4);
    EXPECT_TRUE(gst_buffer_pool_set_config(pool_, config));
    EXPECT_TRUE(gst_buffer_pool_set_active(pool_, TRUE));
    gst_app_src_set_caps(appsrc_, caps);
    gst_caps_unref(caps);
  }
  ~Camera() {
    gst_buffer_pool_set_active(pool_, FALSE);
    gst_object_unref(pool_);
  }
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  /// Delivers `frames` frames in real time, then end of stream; gives how many were lost. When this
  /// thread itself was kept from running the frames after are later: they do not come in a burst.
  int run(int frames) {
    int lost = 0;
    gint64 due = g_get_monotonic_time();
    for (int frame = 0; frame < frames; ++frame) {
      g_usleep(static_cast<gulong>(std::max<gint64>(0, due - g_get_monotonic_time())));
      if (!deliver(frame)) ++lost;
      due = std::max(due + G_TIME_SPAN_SECOND / 30, g_get_monotonic_time());
    }
    gst_app_src_end_of_stream(appsrc_);
    return lost;
  }

 private:
  bool deliver(int frame) {
    GstBuffer* buffer = nullptr;
    GstBufferPoolAcquireParams params{};
    params.flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT;
    if (gst_buffer_pool_acquire_buffer(pool_, &buffer, &params) != GST_FLOW_OK) return false;
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(static_cast<guint64>(frame), GST_SECOND, 30);
    constexpr gsize kRows = gsize{1920} * 8;  // each frame is another picture
    gst_buffer_memset(buffer, 0, static_cast<guint8>(frame % 200), kRows);
    return gst_app_src_push_buffer(appsrc_, buffer) == GST_FLOW_OK;
  }

  GstAppSrc* appsrc_;
  GstBufferPool* pool_;
};

struct LiveRun {
  int lost = 0;
  std::vector<double> delays_ms;  // sink pad to source pad, sorted
  guint64 scored = 0;
};

guint64 scored_by(GstElement* detect) {
  guint64 scored = 0;
  GstStructure* stats = nullptr;
  g_object_get(detect, "stats", &stats, nullptr);
  gst_structure_get_uint64(stats, "scored", &scored);
  gst_structure_free(stats);
  return scored;
}

std::vector<double> delays_of(const PassTimes& in, const PassTimes& out) {
  std::vector<double> delays;
  const auto went = out.times_us();
  for (const auto& [pts, time] : in.times_us())
    if (const auto found = went.find(pts); found != went.end())
      delays.push_back(static_cast<double>(found->second - time) / 1000);
  std::sort(delays.begin(), delays.end());
  return delays;
}

LiveRun run_camera(int frames) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  const std::string line =
      "appsrc name=c is-live=true format=time ! noveltydetect name=d model=" + (dir / "m.novelty") +
      " ! fakesink sync=false async=false";
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  GstElement* detect = gst_bin_get_by_name(GST_BIN(pipeline), "d");
  GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "c");
  GstBus* bus = gst_element_get_bus(pipeline);
  LiveRun run;
  {
    const PassTimes in(detect, "sink");
    const PassTimes out(detect, "src");
    Camera camera(source);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gst_element_get_state(pipeline, nullptr, nullptr, 10 * GST_SECOND);
    run.lost = camera.run(frames);
    GstMessage* end = wait_message(
        bus, static_cast<GstMessageType>(static_cast<int>(GST_MESSAGE_EOS) | GST_MESSAGE_ERROR));
    EXPECT_TRUE(end != nullptr && GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS);
    if (end != nullptr) gst_message_unref(end);
    EXPECT_EQ(mode_in_force(detect), "latest");
    run.scored = scored_by(detect);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    run.delays_ms = delays_of(in, out);
  }
  gst_object_unref(bus);
  gst_object_unref(source);
  gst_object_unref(detect);
  gst_object_unref(pipeline);
  return run;
}

TEST(NoveltyLive, LosesAndDelaysNoFrameWhileScoringBurnsEveryCore) {
  // The full run of 30 s with NOVELTY_SOAK set, ten seconds else.
  const int frames = std::getenv("NOVELTY_SOAK") != nullptr ? 900 : 300;
  setenv("NOVELTY_FAKE_BURN_MS", "500", 1);
  const LiveRun run = run_camera(frames);
  unsetenv("NOVELTY_FAKE_BURN_MS");
  ASSERT_FALSE(run.delays_ms.empty());
  const auto at = [&](std::size_t percent) {
    return run.delays_ms[percent * (run.delays_ms.size() - 1) / 100];
  };
  std::printf(
      "%d frames, %d lost, %d scored; added latency in ms: median %.3f, p99 %.3f, highest %.3f\n",
      frames, run.lost, static_cast<int>(run.scored), at(50), at(99), at(100));
  EXPECT_EQ(run.lost, 0);
  EXPECT_EQ(run.delays_ms.size(), static_cast<std::size_t>(frames));
  EXPECT_LT(at(99), 33);
  EXPECT_GT(run.scored, static_cast<guint64>(frames / 60)) << "the scorer starved";
}

}  // namespace
}  // namespace novelty::testing
