// SPDX-License-Identifier: Apache-2.0
// Makes the still of an event's peak, plain and with its anomaly map, of what was recorded.
#include "record_poster.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr GstClockTime kPatience = 10 * GST_SECOND;
constexpr const char* kDecode =
    "appsrc name=source format=time block=false max-bytes=0 ! decodebin ! videoconvert "
    "! video/x-raw,format=I420 ! appsink name=sink sync=false max-buffers=4";

SharedSample own_sample(GstSample* sample) {
  return {sample, [](GstSample* s) { gst_sample_unref(s); }};
}

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorKind::kWrite, "poster", what,
              "install gstreamer1.0-libav and gstreamer1.0-plugins-good");
}

// appsrc ! decodebin ! appsink; ends with its owner.
class Decoding {
 public:
  Decoding() : pipeline_(gst_parse_launch(kDecode, nullptr)) {
    if (pipeline_ == nullptr) fail("decodebin is missing");
    source_ = gst_bin_get_by_name(GST_BIN(pipeline_), "source");
    sink_ = gst_bin_get_by_name(GST_BIN(pipeline_), "sink");
  }
  ~Decoding() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    if (sink_ != nullptr) gst_object_unref(sink_);
    if (source_ != nullptr) gst_object_unref(source_);
    gst_object_unref(pipeline_);
  }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  void start(const std::vector<RecordUnit>& units) {
    if (source_ == nullptr || sink_ == nullptr) fail("videoconvert is missing");
    gst_app_src_set_caps(GST_APP_SRC(source_), units.back().caps.get());
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    for (const RecordUnit& unit : units) {
      gst_app_src_push_buffer(GST_APP_SRC(source_), gst_buffer_copy(unit.buffer.get()));
    }
    gst_app_src_end_of_stream(GST_APP_SRC(source_));
  }

  // The next picture, or null after the last one.
  SharedSample next() {
    // An error does not wake who waits for a sample, so both are looked for in turns.
    constexpr GstClockTime kTurn = 50 * GST_MSECOND;
    for (GstClockTime waited = 0; waited < kPatience; waited += kTurn) {
      if (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink_), kTurn))
        return own_sample(sample);
      if (gst_app_sink_is_eos(GST_APP_SINK(sink_)) != FALSE) return nullptr;
      check();
    }
    fail("no picture comes out of the decoder");
  }

 private:
  void check() {
    GstBus* bus = gst_element_get_bus(pipeline_);
    GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    gst_object_unref(bus);
    if (message == nullptr) return;
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    const std::string what = error->message;
    g_error_free(error);
    gst_message_unref(message);
    fail("cannot be decoded: " + what);
  }

  GstElement* pipeline_;
  GstElement* source_ = nullptr;
  GstElement* sink_ = nullptr;
};

GstClockTimeDiff distance(const SharedSample& sample, GstClockTime pts) {
  return std::abs(GST_CLOCK_DIFF(GST_BUFFER_PTS(gst_sample_get_buffer(sample.get())), pts));
}

SharedSample decode_last(const std::vector<RecordUnit>& units) {
  Decoding decoding;
  decoding.start(units);
  const GstClockTime pts = GST_BUFFER_PTS(units.back().buffer.get());
  SharedSample nearest;
  while (SharedSample sample = decoding.next()) {
    if (nearest == nullptr || distance(sample, pts) < distance(nearest, pts)) nearest = sample;
  }
  if (nearest == nullptr) fail("there is no picture in the stream");
  return nearest;
}

}  // namespace

std::size_t size_of(const PeakPicture& peak) {
  return std::accumulate(peak.units.begin(), peak.units.end(), std::size_t{0},
                         [](std::size_t sum, const RecordUnit& unit) {
                           return sum + gst_buffer_get_size(unit.buffer.get());
                         });
}

Poster make_poster(const PeakPicture& peak) {
  const SharedSample plain = decode_last(peak.units);
  return {plain, draw_map(plain, peak.meta)};
}

}  // namespace novelty
