// SPDX-License-Identifier: Apache-2.0
// Muxes encoded pictures into a file, through a small pipeline of its own.
#include "record_mux.h"

#include <gst/app/gstappsrc.h>
#include <unistd.h>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr guint64 kMaxBacklogBytes = 8 << 20;
constexpr GstClockTime kBacklogPoll = 20 * GST_MSECOND;
constexpr GstClockTime kFinishTimeout = 60 * GST_SECOND;
constexpr std::int64_t kLookInterval = GST_SECOND;
constexpr const char* kRemedy = "check the recorder's location and the space on its disk";

GstElement* parse_or_throw(const std::string& muxer, const std::string& path) {
  GError* error = nullptr;
  const std::string text =
      "appsrc name=source format=time block=false max-bytes=0 "
      "! mux.video_0 " +
      muxer +
      " name=mux "
      "! filesink name=sink buffer-mode=unbuffered sync=false async=false";
  GstElement* pipeline =
      gst_parse_launch_full(text.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (pipeline != nullptr) return pipeline;
  const std::string what = error->message;
  g_error_free(error);
  throw Error(ErrorKind::kWrite, path, what, "install gstreamer1.0-plugins-good");
}

}  // namespace

ClipMux::ClipMux(const std::string& muxer, const std::string& path, GstCaps* caps)
    : path_(path), pipeline_(parse_or_throw(muxer, path)) {
  source_ = gst_bin_get_by_name(GST_BIN(pipeline_), "source");
  bus_ = gst_element_get_bus(pipeline_);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline_), "sink");
  g_object_set(sink, "location", path.c_str(), nullptr);
  gst_object_unref(sink);
  gst_app_src_set_caps(GST_APP_SRC(source_), caps);
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

ClipMux::~ClipMux() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(bus_);
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
  while (gst_app_src_get_current_level_bytes(GST_APP_SRC(source_)) > kMaxBacklogBytes) {
    check(kBacklogPoll);
  }
  GstBuffer* copy = gst_buffer_copy(buffer);
  GST_BUFFER_PTS(copy) = static_cast<GstClockTime>(pts_ns);
  GST_BUFFER_DTS(copy) = static_cast<GstClockTime>(dts_ns);
  if (gst_app_src_push_buffer(GST_APP_SRC(source_), copy) != GST_FLOW_OK) {
    check(GST_SECOND);
    throw Error(ErrorKind::kWrite, path_, "cannot be written", kRemedy);
  }
}

void ClipMux::finish() {
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
