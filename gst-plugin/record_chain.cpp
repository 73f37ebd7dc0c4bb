// SPDX-License-Identifier: Apache-2.0
// The elements between a recorder's queue and its sink, made when the caps are known.
#include "record_chain.h"

#include "record_encoder.h"

namespace novelty {
namespace {

constexpr guint kRawFrames = 16;
constexpr guint kRawBytes = 128U << 20;
constexpr guint kEncodedBytes = 32U << 20;
constexpr const char* kName = "encode";

void set_queue(GstElement* queue, guint buffers, guint bytes) {
  g_object_set(queue, "max-size-buffers", buffers, "max-size-bytes", bytes, "max-size-time",
               static_cast<guint64>(0), nullptr);
}

// Floating; null after an error.
GstElement* make_encode(GstBin* bin, const WantedFile& wanted, RecordHost& host) {
  const RecordEncoder made = make_encoder(wanted.encoder, wanted.extension);
  if (made.bin == nullptr) {
    GST_ELEMENT_ERROR(bin, CORE, MISSING_PLUGIN, ("%s", made.description.c_str()), (nullptr));
    return nullptr;
  }
  GST_INFO_OBJECT(bin, "encoding with %s", made.description.c_str());
  host.set_encoder(made.description);
  return made.bin;
}

GstElement* make_parse(GstBin* bin, const RecordFormat& format, bool has_dts, RecordHost& host) {
  GError* error = nullptr;
  GstElement* parse = make_parser_or_null(format, has_dts, &error);
  if (parse == nullptr) {
    GST_ELEMENT_ERROR(bin, CORE, MISSING_PLUGIN,
                      ("%s cannot be recorded as it is: %s (install gstreamer1.0-plugins-bad)",
                       format.media, error->message),
                      (nullptr));
    g_error_free(error);
    return nullptr;
  }
  GST_INFO_OBJECT(bin, "recording %s as it comes", format.media);
  host.set_encoder({});
  return parse;
}

}  // namespace

void set_queue_for_raw(GstElement* queue) {
  set_queue(queue, kRawFrames, kRawBytes);
}

bool link_clip_chain(GstBin* bin, GstElement* queue, GstElement* sink, GstCaps* caps, bool has_dts,
                     const WantedFile& wanted, RecordHost& host) {
  const RecordFormat* format = format_or_null(caps);
  if (format != nullptr) container_of(*format, wanted.extension);
  GstElement* middle =
      format == nullptr ? make_encode(bin, wanted, host) : make_parse(bin, *format, has_dts, host);
  if (middle == nullptr) return false;
  if (format != nullptr) set_queue(queue, 0, kEncodedBytes);
  gst_object_set_name(GST_OBJECT(middle), kName);
  gst_bin_add(bin, middle);
  const bool linked = gst_element_link_many(queue, middle, sink, nullptr) != FALSE;
  if (!linked)
    GST_ELEMENT_ERROR(bin, CORE, NEGOTIATION, ("the encoder cannot be linked"), (nullptr));
  return gst_element_sync_state_with_parent(middle) != FALSE && linked;
}

void unlink_clip_chain(GstBin* bin) {
  GstElement* middle = gst_bin_get_by_name(bin, kName);
  if (middle == nullptr) return;
  gst_element_set_state(middle, GST_STATE_NULL);
  gst_bin_remove(bin, middle);
  gst_object_unref(middle);
}

}  // namespace novelty
