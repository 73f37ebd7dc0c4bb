// SPDX-License-Identifier: Apache-2.0
// Tells the application and the branch what noveltydetect found: messages, events and errors.
#pragma once

#include <gst/base/gstbasetransform.h>

#include <exception>

#include "detect_settings.h"
#include "event_reporter.h"
#include "novelty/detector.h"

namespace novelty {

/// Posts each report on the bus (unless settings.post_messages is off) and pushes it downstream as
/// a custom event. live: whether a wall-clock time makes sense.
/// Thread: streaming, holding no lock but the stream's.
void announce(GstBaseTransform* element, const DetectSettings& settings, bool live,
              Reports& reports);

/// Posts novelty-model-loaded.
void announce_model(GstBaseTransform* element, const Detector& detector);

/// Posts a caught exception as the element error of its kind, with its one line. Never throws.
void post_error(GstElement* element, const std::exception_ptr& error);

/// Runs `action` at the border to C: an exception becomes an element error and false.
template <typename Action>
bool guarded(gpointer element, Action&& action) {
  try {
    action();
    return true;
  } catch (...) {
    post_error(GST_ELEMENT_CAST(element), std::current_exception());
    return false;
  }
}

}  // namespace novelty
