// SPDX-License-Identifier: Apache-2.0
// Muxes encoded pictures into a file, through a small pipeline of its own.
#include "record_mux.h"

#include <gst/app/gstappsrc.h>
#include <unistd.h>

#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr guint64 kMaxBacklogBytes = 8 << 20;
constexpr GstClockTime kBacklogPoll = 20 * GST_MSECOND;
constexpr int kPollsUntilSoundEnds = 50;
constexpr GstClockTime kFinishTimeout = 60 * GST_SECOND;
constexpr std::int64_t kLookInterval = GST_SECOND;
constexpr const char* kRemedy = "check the recorder's location and the space on its disk";

std::string source_of(const std::string& name) {
  return "appsrc name=" + name + " format=time block=false max-bytes=0 ";
}

std::string audio_name(std::size_t track) {
  return "audio_" + std::to_string(track);
}

GstElement* parse_or_throw(const std::string& muxer, const std::string& path,
                           const std::vector<SharedCaps>& audio) {
  std::string text = source_of("video") + "! mux.video_0 ";
  std::size_t pads = 0;
  for (std::size_t i = 0; i < audio.size(); ++i) {
    if (audio[i] != nullptr) text += source_of(audio_name(i)) + "! mux." + audio_name(pads++) + " ";
  }
  text += muxer + " name=mux ! filesink name=sink buffer-mode=unbuffered sync=false async=false";
  GError* error = nullptr;
  GstElement* pipeline =
      gst_parse_launch_full(text.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (pipeline != nullptr) return pipeline;
  const std::string what = error->message;
  g_error_free(error);
  throw Error(ErrorKind::kWrite, path, what, "install gstreamer1.0-plugins-good");
}

}  // namespace

ClipMux::ClipMux(const std::string& muxer, const std::string& path, const SharedCaps& caps,
                 const std::vector<SharedCaps>& audio)
    : path_(path), pipeline_(parse_or_throw(muxer, path, audio)), audio_(audio.size()) {
  const auto source = [&](const std::string& name, const SharedCaps& takes) {
    GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline_), name.c_str());
    gst_app_src_set_caps(GST_APP_SRC(found), takes.get());
    return found;
  };
  source_ = source("video", caps);
  for (std::size_t i = 0; i < audio.size(); ++i) {
    if (audio[i] != nullptr) audio_[i].source = source(audio_name(i), audio[i]);
  }
  bus_ = gst_element_get_bus(pipeline_);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline_), "sink");
  g_object_set(sink, "location", path.c_str(), nullptr);
  gst_object_unref(sink);
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

ClipMux::~ClipMux() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(bus_);
  for (const AudioSource& audio : audio_) {
    if (audio.source != nullptr) gst_object_unref(audio.source);
  }
  gst_object_unref(source_);
  gst_object_unref(pipeline_);
}

// A file whose folder was removed takes what is written, and keeps nothing.
void ClipMux::check_name(std::int64_t pts_ns) {
  if (pts_ns < next_look_ns_) return;
  next_look_ns_ = pts_ns + kLookInterval;
  if (access(path_.c_str(), F_OK) != 0) {
    throw Error(ErrorKind::kWrite, path_, "is gone", kRemedy);
  }
}

void ClipMux::write(GstBuffer* buffer, std::int64_t pts_ns, std::int64_t dts_ns) {
  check(0);
  check_name(pts_ns);
  end_audio([&](const AudioSource& audio) { return dts_ns - audio.newest_ns > kMaxAudioLagNs; });
  wait_for_room();
  push(source_, buffer, static_cast<GstClockTime>(pts_ns), static_cast<GstClockTime>(dts_ns));
}

void ClipMux::write_audio(std::size_t track, GstBuffer* buffer, std::int64_t pts_ns) {
  AudioSource& audio = audio_.at(track);
  if (audio.source == nullptr) return;
  audio.newest_ns = pts_ns;
  push(audio.source, buffer, static_cast<GstClockTime>(pts_ns), GST_CLOCK_TIME_NONE);
}

void ClipMux::push(GstElement* source, GstBuffer* buffer, GstClockTime pts, GstClockTime dts) {
  GstBuffer* copy = gst_buffer_copy(buffer);
  GST_BUFFER_PTS(copy) = pts;
  GST_BUFFER_DTS(copy) = dts;
  if (gst_app_src_push_buffer(GST_APP_SRC(source), copy) != GST_FLOW_OK) {
    check(GST_SECOND);
    throw Error(ErrorKind::kWrite, path_, "cannot be written", kRemedy);
  }
}

// It is the disk that is waited for, or sound that the muxer has none of.
void ClipMux::wait_for_room() {
  for (int i = 1; gst_app_src_get_current_level_bytes(GST_APP_SRC(source_)) > kMaxBacklogBytes;
       ++i) {
    check(kBacklogPoll);
    if (i % kPollsUntilSoundEnds != 0) continue;
    end_audio([](const AudioSource& audio) {
      return gst_app_src_get_current_level_bytes(GST_APP_SRC(audio.source)) == 0;
    });
  }
}

void ClipMux::end_audio(const std::function<bool(const AudioSource&)>& which) {
  for (AudioSource& audio : audio_) {
    if (audio.source == nullptr || !which(audio)) continue;
    gst_app_src_end_of_stream(GST_APP_SRC(audio.source));
    gst_object_unref(std::exchange(audio.source, nullptr));
  }
}

void ClipMux::finish() {
  end_audio([](const AudioSource&) { return true; });
  gst_app_src_end_of_stream(GST_APP_SRC(source_));
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus_, kFinishTimeout, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
  if (message == nullptr)
    throw Error(ErrorKind::kWrite, path_, "the disk does not answer", kRemedy);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) fail(message);
  gst_message_unref(message);
  gst_element_set_state(pipeline_, GST_STATE_NULL);
}

void ClipMux::check(GstClockTime wait) {
  GstMessage* message = gst_bus_timed_pop_filtered(bus_, wait, GST_MESSAGE_ERROR);
  if (message != nullptr) fail(message);
}

void ClipMux::fail(GstMessage* message) {
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  const std::string what = error->message;
  g_error_free(error);
  gst_message_unref(message);
  throw Error(ErrorKind::kWrite, path_, what, kRemedy);
}

}  // namespace novelty
