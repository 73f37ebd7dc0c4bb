// SPDX-License-Identifier: Apache-2.0
// From what comes in to what a file takes: encoders, parsers and muxers.
#include "record_encoder.h"

#include <gst/video/video.h>

#include <algorithm>
#include <array>
#include <optional>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr int kMinSide = 16;  // pixels; below, encoders refuse

// In fragments while it grows, so that what a crash leaves plays; whole at its end, with the edit
// list that players need for reordered pictures.
constexpr const char* kMp4 = "mp4mux fragment-duration=500 fragment-mode=first-moov-then-finalise";
// Note [Half a second]
// A killed process loses the fragment that is open; Matroska's blocks leave the muxer one by one.
constexpr const char* kWebm = "webmmux min-cluster-duration=500000000";
constexpr RecordContainer kMatroska{"matroskamux min-cluster-duration=500000000", ".mkv"};

constexpr std::array<RecordFormat, 4> kFormats{{
    {"video/x-h264", "h264parse ! capsfilter caps=video/x-h264,stream-format=avc,alignment=au",
     "h264timestamper", kMp4, ".mp4"},
    {"video/x-h265", "h265parse ! capsfilter caps=video/x-h265,stream-format=hvc1,alignment=au",
     "h265timestamper", kMp4, ".mp4"},
    {"video/x-vp8", "identity silent=true", nullptr, kWebm, ".webm"},
    {"video/x-vp9", "identity silent=true", nullptr, kWebm, ".webm"},
}};

// Note [Constant quality]
// A quiet scene should cost little disk and an event should be sharp, so each encoder aims at a
// quality, not at a bit rate.
struct KnownEncoder {
  const char* name;
  const char* settings;
  const RecordFormat& format;
};

constexpr std::array<KnownEncoder, 3> kEncoders{{
    {"x264enc", "tune=zerolatency speed-preset=veryfast pass=qual quantizer=23 key-int-max=250",
     kFormats[0]},
    {"openh264enc", "complexity=low rate-control=off qp-min=18 qp-max=30 gop-size=250",
     kFormats[0]},
    {"vp8enc", "deadline=1 cpu-used=8 end-usage=cq cq-level=20 target-bitrate=0 threads=2",
     kFormats[2]},
}};

constexpr const char* kNoEncoderRemedy =
    "install gstreamer1.0-plugins-ugly (x264enc), gstreamer1.0-plugins-bad (openh264enc, "
    "h264parse) or gstreamer1.0-plugins-good (vp8enc, mp4mux, webmmux)";

std::optional<RecordContainer> container_or_none(const RecordFormat& format,
                                                 const std::string& wanted) {
  if (wanted == kMatroska.extension) return kMatroska;
  if (!wanted.empty() && wanted != format.extension) return std::nullopt;
  return RecordContainer{format.muxer, format.extension};
}

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
  GstCaps* wanted = gst_caps_new_simple(
      "video/x-raw", "width", G_TYPE_INT, encodable_side(GST_VIDEO_INFO_WIDTH(&video)), "height",
      G_TYPE_INT, encodable_side(GST_VIDEO_INFO_HEIGHT(&video)), nullptr);
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

void add_probes(GstBin* bin, GstElement* encoder) {
  GstElement* convert = gst_bin_get_by_name(bin, "convert");
  GstElement* size = gst_bin_get_by_name(bin, "size");
  add_probe(convert, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, fix_size, size, gst_object_unref);
  auto* clock = new KeyClock;
  gst_segment_init(&clock->segment, GST_FORMAT_TIME);
  add_probe(
      encoder,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      keep_keys_coming, clock, [](gpointer data) { delete static_cast<KeyClock*>(data); });
  gst_object_unref(convert);
}

GstElement* parse_bin_or_null(const std::string& text, GError** error) {
  return gst_parse_bin_from_description_full(text.c_str(), TRUE, nullptr,
                                             GST_PARSE_FLAG_FATAL_ERRORS, error);
}

// Takes over the error.
RecordEncoder no_encoder(const std::string& what, GError* error) {
  const std::string why = error == nullptr ? "" : std::string(": ") + error->message;
  g_clear_error(&error);
  return {nullptr, what + why};
}

// The format that an element's src pad can give.
const RecordFormat* format_made_by(GstElement* element) {
  GstPad* pad = gst_element_get_static_pad(element, "src");
  if (pad == nullptr) return nullptr;
  GstCaps* caps = gst_pad_query_caps(pad, nullptr);
  const RecordFormat* format = gst_caps_is_any(caps) != FALSE ? nullptr : format_or_null(caps);
  gst_caps_unref(caps);
  gst_object_unref(pad);
  return format;
}

void add_ghost(GstElement* bin, GstElement* child, const char* name) {
  GstPad* pad = gst_element_get_static_pad(child, name);
  gst_element_add_pad(bin, gst_ghost_pad_new(name, pad));
  gst_object_unref(pad);
}

// convert ! encode ! parse, in one bin; takes over the floating parts.
GstElement* join_or_null(GstElement* convert, GstElement* encode, GstElement* parse) {
  GstElement* bin = gst_bin_new(nullptr);
  gst_bin_add_many(GST_BIN(bin), convert, encode, parse, nullptr);
  if (gst_element_link_many(convert, encode, parse, nullptr) == FALSE) {
    gst_object_unref(gst_object_ref_sink(bin));
    return nullptr;
  }
  add_ghost(bin, convert, "sink");
  add_ghost(bin, parse, "src");
  add_probes(GST_BIN(bin), encode);
  return bin;
}

void drop(GstElement* floating) {
  if (floating != nullptr) gst_object_unref(gst_object_ref_sink(floating));
}

// encode (floating) is taken over.
RecordEncoder surround(GstElement* encode, const RecordFormat& format,
                       const std::string& description, const char* pixels) {
  GError* error = nullptr;
  GstElement* convert = parse_bin_or_null(
      std::string("videoconvert name=convert ! videoscale ! capsfilter name=size ! capsfilter "
                  "caps=") +
          pixels,
      &error);
  GstElement* parse = convert == nullptr ? nullptr : make_parser_or_null(format, true, &error);
  if (parse == nullptr) {
    drop(convert);
    drop(encode);
    return no_encoder("The encoder cannot be made", error);
  }
  GstElement* bin = join_or_null(convert, encode, parse);
  if (bin == nullptr)
    return no_encoder("The encoder '" + description + "' takes no video", nullptr);
  return {bin, description};
}

RecordEncoder make_known_encoder(const std::string& extension) {
  const auto found =
      std::find_if(kEncoders.begin(), kEncoders.end(), [&](const KnownEncoder& encoder) {
        const auto container = container_or_none(encoder.format, extension);
        return container && is_installed(encoder.name) && is_installed(encoder.format.parse) &&
               is_installed(container->muxer);
      });
  if (found == kEncoders.end())
    return no_encoder(std::string("No encoder is installed (") + kNoEncoderRemedy + ")", nullptr);
  GError* error = nullptr;
  GstElement* encode = parse_bin_or_null(std::string(found->name) + " " + found->settings, &error);
  if (encode == nullptr) return no_encoder("The encoder cannot be made", error);
  return surround(encode, found->format, found->name, "video/x-raw,format=I420");
}

RecordEncoder make_users_encoder(const std::string& wanted) {
  GError* error = nullptr;
  GstElement* encode = parse_bin_or_null(wanted, &error);
  if (encode == nullptr) return no_encoder("encoder: '" + wanted + "' cannot be made", error);
  const RecordFormat* format = format_made_by(encode);
  if (format == nullptr) {
    drop(encode);
    return no_encoder("encoder: '" + wanted + "' makes none of H.264, H.265, VP8 and VP9", nullptr);
  }
  return surround(encode, *format, wanted, "video/x-raw");
}

}  // namespace

const RecordFormat* format_or_null(const GstCaps* caps) {
  for (guint i = 0; caps != nullptr && i < gst_caps_get_size(caps); ++i) {
    const GstStructure* structure = gst_caps_get_structure(caps, i);
    const auto found =
        std::find_if(kFormats.begin(), kFormats.end(), [&](const RecordFormat& format) {
          return gst_structure_has_name(structure, format.media) != FALSE;
        });
    if (found != kFormats.end()) return &*found;
  }
  return nullptr;
}

RecordContainer container_of(const RecordFormat& format, const std::string& wanted) {
  const auto container = container_or_none(format, wanted);
  if (container) return *container;
  throw Error(ErrorKind::kSettings, "location", format.media + (" does not go into " + wanted),
              std::string("end it in ") + format.extension + " or .mkv");
}

RecordEncoder make_encoder(const std::string& wanted, const std::string& extension) {
  return wanted.empty() ? make_known_encoder(extension) : make_users_encoder(wanted);
}

GstElement* make_parser_or_null(const RecordFormat& format, bool has_dts, GError** error) {
  std::string text = format.parse;
  const bool restamps = !has_dts && format.timestamp != nullptr && is_installed(format.timestamp);
  if (restamps) text += std::string(" ! ") + format.timestamp;
  return parse_bin_or_null(text, error);
}

}  // namespace novelty
