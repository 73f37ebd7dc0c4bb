// SPDX-License-Identifier: Apache-2.0
// Picks an encoder that is there and sets it up for continuous recording.
#pragma once

#include <gst/gst.h>

#include <string>

namespace novelty {

/// One way to encode and mux. Descriptions are in gst-launch's form.
struct RecordCodec {
  const char* encoder;    ///< element name
  const char* settings;   ///< its properties
  const char* after;      ///< what follows it, up to the recorder's sink
  const char* muxer;      ///< with its properties
  const char* extension;  ///< of the files, with the dot
};

/// The first codec of the list x264enc, openh264enc, vp8enc whose elements are installed and that
/// goes into files of that extension (empty: any), or null. Thread: any.
const RecordCodec* find_codec_or_null(const std::string& extension);

/// What to tell a user whose machine has none of the list.
extern const char* const kNoCodecRemedy;

/// A bin (floating) from any raw video to the codec's encoded form, with ghost pads `sink` and
/// `src`: I420 of even size, no frame held back, a key frame at least each second of running time.
/// Null with `error` set when it cannot be made.
GstElement* make_encode_bin_or_null(const RecordCodec& codec, GError** error);

}  // namespace novelty
