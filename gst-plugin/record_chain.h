// SPDX-License-Identifier: Apache-2.0
// The elements between a recorder's queue and its sink, made when the caps are known.
#pragma once

#include <gst/gst.h>

#include <string>

#include "record_host.h"

namespace novelty {

/// What a user asked for; empty: as it comes.
struct WantedFile {
  std::string encoder;
  std::string extension;
};

/// Links queue, encoder or parser, and sink, all in `bin`: raw video is encoded (see make_encoder),
/// encoded video is only parsed (and given decoding times unless `has_dts`). Posts an error on
/// `bin` and returns false when that cannot be. Throws: Error(kSettings) when the wanted file does
/// not take the video. Thread: upstream's streaming thread, before the caps (raw) or the first
/// buffer (encoded) go on.
bool link_clip_chain(GstBin* bin, GstElement* queue, GstElement* sink, GstCaps* caps, bool has_dts,
                     const WantedFile& wanted, RecordHost& host);

/// Takes out what link_clip_chain put in.
void unlink_clip_chain(GstBin* bin);

/// A queue for few raw frames, which may come from a small pool.
void set_queue_for_raw(GstElement* queue);

}  // namespace novelty
