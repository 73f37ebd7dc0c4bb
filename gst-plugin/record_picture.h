// SPDX-License-Identifier: Apache-2.0
// Makes picture files of raw frames.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>

#include "noveltymeta.h"

namespace novelty {

/// A reference to a sample; copies share it.
using SharedSample = std::shared_ptr<GstSample>;

/// The frame in memory of its own, so that upstream's pool gets its buffer back at once.
SharedSample copy_frame(GstBuffer* buffer, GstCaps* caps);

/// `frame` as one value of the given caps (raw or encoded), by GStreamer's own elements. Throws:
/// Error(kWrite) when it cannot be converted within ten seconds.
SharedSample convert_frame(const SharedSample& frame, const char* caps);

/// Writes `frame` into a file: a JPEG of quality 95, or a PNG where `extension` is ".png". Throws:
/// Error(kWrite). Cost: an encoding, in the caller's thread.
void write_picture(const SharedSample& frame, const std::string& extension,
                   const std::string& path);

/// A picture of `frame` with the anomaly map and regions of `meta` over it; null without a map.
/// Throws: Error(kWrite).
SharedSample draw_map(const SharedSample& frame, const NoveltyMeta& meta);

}  // namespace novelty
