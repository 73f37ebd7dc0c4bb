// SPDX-License-Identifier: Apache-2.0
// From what comes in to what a file takes: encoders, parsers and muxers.
#pragma once

#include <gst/gst.h>

#include <string>

namespace novelty {

/// How one kind of encoded video gets into a file. Descriptions are in gst-launch's form.
struct RecordFormat {
  const char* media;      ///< name of its caps
  const char* parse;      ///< makes it as the muxer takes it
  const char* timestamp;  ///< gives it decoding times, where its pictures can be reordered; or null
  const char* muxer;      ///< with its properties
  const char* extension;  ///< of the files, with the dot
};

/// The format of (encoded) video caps, or null. Thread: any.
const RecordFormat* format_or_null(const GstCaps* caps);

/// A kind of file.
struct RecordContainer {
  const char* muxer;
  const char* extension;
};

/// wanted: an extension; Matroska (".mkv") takes every format, any other but the format's own is
/// not to be had. Empty: the format's own. Throws: Error(kSettings). Thread: any.
RecordContainer container_of(const RecordFormat& format, const std::string& wanted);

/// The encoded formats as a caps list, for a pad template.
#define NOVELTY_RECORD_ENCODED                                                     \
  "video/x-h264, stream-format=(string){ avc, avc3, byte-stream }; video/x-h265, " \
  "stream-format=(string){ hvc1, hev1, byte-stream }; video/x-vp8; video/x-vp9"

/// What makes encoded video of raw video: a bin (floating) with ghost pads `sink` and `src`.
struct RecordEncoder {
  GstElement* bin = nullptr;  ///< null: it cannot be made
  std::string description;    ///< of the encoder; or, without a bin, what is wrong and what helps
};

/// wanted: the user's encoder as gst-launch describes it; empty: the first of x264enc, openh264enc
/// and vp8enc whose elements are installed and whose video goes into files of `extension` (empty:
/// any). The bin takes raw video of any format and size and
/// makes its sides even; a key frame comes at least each second of running time. Thread: any.
RecordEncoder make_encoder(const std::string& wanted, const std::string& extension);

/// A bin that brings encoded video into its file's form, bits unchanged; null with `error` set when
/// it cannot be made. has_dts: the video comes with decoding times; RTP has none.
GstElement* make_parser_or_null(const RecordFormat& format, bool has_dts, GError** error);

}  // namespace novelty
