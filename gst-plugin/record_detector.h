// SPDX-License-Identifier: Apache-2.0
// Finds the noveltydetect that a recorder listens to, and listens.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <string>

#include "record_feed.h"

namespace novelty {

/// A probe on the detector's src pad for as long as this lives. Not thread-safe.
class DetectorTap {
 public:
  /// Looks for the element `name` in the pipeline that `element` lies in, sub-bins included.
  /// Throws: Error(kNotFound, kSettings) when there is none, or when it is no noveltydetect.
  DetectorTap(GstElement* element, const std::string& name);
  ~DetectorTap();
  DetectorTap(const DetectorTap&) = delete;
  DetectorTap& operator=(const DetectorTap&) = delete;

  const std::shared_ptr<RecordFeed>& feed() const { return feed_; }

  /// Smoothing and minimum duration as the detector's properties set them; where they leave them to
  /// the model, a second each.
  std::int64_t decision_ns() const;

 private:
  GstElement* detector_;
  GstPad* pad_;
  gulong probe_;
  std::shared_ptr<RecordFeed> feed_;
};

}  // namespace novelty
