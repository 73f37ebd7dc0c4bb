// SPDX-License-Identifier: Apache-2.0
// Decodes a clip to R'G'B' frames.
#pragma once

#include <gst/gst.h>

#include <string>

#include "changed_frame.h"

namespace novelty::testing {

/// Decodes a clip from its first frame to its last.
class RgbClip {
 public:
  explicit RgbClip(const std::string& path);
  ~RgbClip();
  RgbClip(const RgbClip&) = delete;
  RgbClip& operator=(const RgbClip&) = delete;

  /// False at the end.
  bool next(RgbFrame& frame);

 private:
  GstElement* pipeline_;
  GstElement* sink_;
};

}  // namespace novelty::testing
