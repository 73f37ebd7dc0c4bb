// SPDX-License-Identifier: Apache-2.0
// Picks an encoder that is there and sets it up for continuous recording.
#include "record_encoder.h"

#include <gst/video/video.h>

#include <algorithm>
#include <array>

namespace novelty {
namespace {

constexpr int kMinSide = 16;  // pixels; below, encoders refuse

// Note [Constant quality]
// A quiet scene should cost little disk and an event should be sharp, so each encoder aims at a
// quality, not at a bit rate.
constexpr const char* kX264 =
    "tune=zerolatency speed-preset=veryfast pass=qual quantizer=23 key-int-max=250";
constexpr const char* kOpenH264 =
    "complexity=low rate-control=off qp-min=18 qp-max=30 gop-size=250";
constexpr const char* kVp8 =
    "deadline=1 cpu-used=8 end-usage=cq cq-level=20 target-bitrate=0 threads=2";
constexpr const char* kParsed =
    "h264parse ! capsfilter caps=video/x-h264,stream-format=avc,alignment=au";
constexpr const char* kAsIs = "identity silent=true";

// Note [Half a second]
// A killed process loses the fragment that is open; Matroska's blocks leave the muxer one by one.
constexpr const char* kMp4 = "mp4mux fragment-duration=500";
constexpr const char* kWebm = "webmmux min-cluster-duration=500000000";
constexpr const char* kMatroska = "matroskamux min-cluster-duration=500000000";

constexpr std::array<RecordCodec, 6> kCodecs{{
    {"x264enc", kX264, kParsed, kMp4, ".mp4"},
    {"openh264enc", kOpenH264, kParsed, kMp4, ".mp4"},
    {"vp8enc", kVp8, kAsIs, kWebm, ".webm"},
    {"x264enc", kX264, kParsed, kMatroska, ".mkv"},
    {"openh264enc", kOpenH264, kParsed, kMatroska, ".mkv"},
    {"vp8enc", kVp8, kAsIs, kMatroska, ".mkv"},
}};

bool is_installed(const std::string& description) {
  const std::string name = description.substr(0, description.find(' '));
  GstElementFactory* factory = gst_element_factory_find(name.c_str());
  if (factory != nullptr) gst_object_unref(factory);
  return factory != nullptr;
}

int encodable_side(int side) {
  return std::max(kMinSide, side + side % 2);
}

// Fixes the size that the encoder gets when the input's caps pass by.
GstPadProbeReturn fix_size(GstPad*, GstPadProbeInfo* info, gpointer filter) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  GstVideoInfo video;
  if (gst_video_info_from_caps(&video, caps) == FALSE) return GST_PAD_PROBE_OK;
  GstCaps* wanted =
      gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT,
                          encodable_side(GST_VIDEO_INFO_WIDTH(&video)), "height", G_TYPE_INT,
                          encodable_side(GST_VIDEO_INFO_HEIGHT(&video)), nullptr);
  g_object_set(filter, "caps", wanted, nullptr);
  gst_caps_unref(wanted);
  return GST_PAD_PROBE_OK;
}

// When the encoder was last asked for a key frame; running time.
struct KeyClock {
  GstSegment segment;
  GstClockTime last = GST_CLOCK_TIME_NONE;
};

void ask_for_key(GstPad* pad, KeyClock& clock, GstClockTime pts) {
  const GstClockTime now = gst_segment_to_running_time(&clock.segment, GST_FORMAT_TIME, pts);
  if (!GST_CLOCK_TIME_IS_VALID(now)) return;
  const bool due =
      !GST_CLOCK_TIME_IS_VALID(clock.last) || now < clock.last || now - clock.last >= GST_SECOND;
  if (!due) return;
  clock.last = now;
  // Without a time it is the next frame; x264enc shifts its times and would miss a given one.
  gst_pad_send_event(
      pad, gst_video_event_new_downstream_force_key_unit(GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE,
                                                         GST_CLOCK_TIME_NONE, TRUE, 0));
}

GstPadProbeReturn keep_keys_coming(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto& clock = *static_cast<KeyClock*>(data);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    ask_for_key(pad, clock, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
  } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_SEGMENT) {
    gst_event_copy_segment(GST_PAD_PROBE_INFO_EVENT(info), &clock.segment);
  }
  return GST_PAD_PROBE_OK;
}

void add_probe(GstElement* element, GstPadProbeType type, GstPadProbeCallback callback,
               gpointer data, GDestroyNotify destroy) {
  GstPad* pad = gst_element_get_static_pad(element, "sink");
  gst_pad_add_probe(pad, type, callback, data, destroy);
  gst_object_unref(pad);
}

void add_probes(GstBin* bin) {
  GstElement* convert = gst_bin_get_by_name(bin, "convert");
  GstElement* size = gst_bin_get_by_name(bin, "size");
  GstElement* encoder = gst_bin_get_by_name(bin, "encoder");
  add_probe(convert, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, fix_size, size, gst_object_unref);
  auto* clock = new KeyClock;
  gst_segment_init(&clock->segment, GST_FORMAT_TIME);
  add_probe(
      encoder,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      keep_keys_coming, clock, [](gpointer data) { delete static_cast<KeyClock*>(data); });
  gst_object_unref(convert);
  gst_object_unref(encoder);
}

}  // namespace

const char* const kNoCodecRemedy =
    "install gstreamer1.0-plugins-ugly (x264enc), gstreamer1.0-plugins-bad (openh264enc, "
    "h264parse) or gstreamer1.0-plugins-good (vp8enc, mp4mux, webmmux)";

const RecordCodec* find_codec_or_null(const std::string& extension) {
  const auto found = std::find_if(kCodecs.begin(), kCodecs.end(), [&](const RecordCodec& codec) {
    return (extension.empty() || extension == codec.extension) && is_installed(codec.encoder) &&
           is_installed(codec.after) && is_installed(codec.muxer);
  });
  return found == kCodecs.end() ? nullptr : &*found;
}

GstElement* make_encode_bin_or_null(const RecordCodec& codec, GError** error) {
  const std::string text = std::string("videoconvert name=convert ! videoscale ! capsfilter ") +
                           "name=size caps=video/x-raw,format=I420 ! " + codec.encoder +
                           " name=encoder " + codec.settings + " ! " + codec.after;
  GstElement* bin = gst_parse_bin_from_description_full(text.c_str(), TRUE, nullptr,
                                                        GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (bin != nullptr) add_probes(GST_BIN(bin));
  return bin;
}

}  // namespace novelty
