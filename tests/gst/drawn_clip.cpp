// SPDX-License-Identifier: Apache-2.0
// Plays a clip that is drawn frame by frame through noveltydetect in a real pipeline.
#include "drawn_clip.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "detect_harness.h"
#include "noveltymeta.h"

namespace novelty::testing {
namespace {

GstPadProbeReturn draw(GstPad*, GstPadProbeInfo* info, gpointer drawing) {
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  const double brightness = (*static_cast<const Drawing*>(drawing))(GST_BUFFER_PTS(buffer));
  gst_buffer_memset(buffer, 0, static_cast<guint8>(std::lround(255 * brightness)),
                    gst_buffer_get_size(buffer));
  gst_buffer_memset(buffer, 0, GST_BUFFER_PTS(buffer) / kFrame % 2, 1);  // no two are the same
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  return GST_PAD_PROBE_OK;
}

// What the frames that leave carry.
struct Results {
  std::optional<GstClockTime> last;
  PlayedClip* clip;
};

GstPadProbeReturn note(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& results = *static_cast<Results*>(data);
  const auto meta = read_novelty_meta(GST_PAD_PROBE_INFO_BUFFER(info));
  if (!meta) return GST_PAD_PROBE_OK;
  ++results.clip->metas;
  if (results.last == meta->scored_pts) return GST_PAD_PROBE_OK;
  ++results.clip->scored;
  const GstClockTimeDiff gap =
      GST_CLOCK_DIFF(results.last.value_or(meta->scored_pts), meta->scored_pts);
  results.clip->longest_gap_ns =
      std::max<std::uint64_t>(results.clip->longest_gap_ns, std::abs(gap));
  results.last = meta->scored_pts;
  return GST_PAD_PROBE_OK;
}

void probe(GstElement* element, const char* name, GstPadProbeCallback callback, void* data) {
  GstPad* pad = gst_element_get_static_pad(element, name);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, data, nullptr);
  gst_object_unref(pad);
}

bool seek(GstElement* pipeline, double rate, std::uint64_t end) {
  gst_element_set_state(pipeline, GST_STATE_PAUSED);
  gst_element_get_state(pipeline, nullptr, nullptr, 10 * GST_SECOND);
  constexpr auto kFlags =
      static_cast<GstSeekFlags>(static_cast<int>(GST_SEEK_FLAG_FLUSH) | GST_SEEK_FLAG_ACCURATE);
  return gst_element_seek(pipeline, rate, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET, 0,
                          GST_SEEK_TYPE_SET, static_cast<gint64>(end)) != FALSE;
}

// Takes what the bus says until the end.
void listen(GstBus* bus, PlayedClip& clip) {
  clip.failure = "it did not end";
  while (GstMessage* message = gst_bus_timed_pop(bus, 30 * GST_SECOND)) {
    const GstMessageType type = GST_MESSAGE_TYPE(message);
    if (type == GST_MESSAGE_ELEMENT)
      if (const auto event = novelty_event_of(gst_message_get_structure(message)))
        clip.told.push_back(*event);
    gst_message_unref(message);
    if (type == GST_MESSAGE_ERROR) clip.failure = "an error";
    if (type == GST_MESSAGE_EOS) clip.failure.clear();
    if (type == GST_MESSAGE_ERROR || type == GST_MESSAGE_EOS) return;
  }
}

}  // namespace

PlayedClip play_drawn(const Drawing& drawing, const ClipOptions& options) {
  const std::string source =
      options.live ? " is-live=true num-buffers=" + std::to_string(options.frames) : "";
  const std::string line = "videotestsrc pattern=black" + source + " ! " + kGray +
                           " ! noveltydetect name=d " + options.properties +
                           " ! fakesink sync=false";
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  GstElement* detect = gst_bin_get_by_name(GST_BIN(pipeline), "d");
  GstBus* bus = gst_element_get_bus(pipeline);
  PlayedClip clip;
  Results results{std::nullopt, &clip};
  probe(detect, "sink", draw, const_cast<Drawing*>(&drawing));
  probe(detect, "src", note, &results);
  if (options.live || seek(pipeline, options.rate, options.frames * kFrame)) {
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    listen(bus, clip);
  } else {
    clip.failure = "it cannot seek";
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(detect);
  gst_object_unref(pipeline);
  return clip;
}

}  // namespace novelty::testing
