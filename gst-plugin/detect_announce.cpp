// SPDX-License-Identifier: Apache-2.0
// Messages, events and errors of noveltydetect.
#include "detect_announce.h"

#include <memory>
#include <variant>

#include "novelty/error.h"

namespace novelty {
namespace {

using ClockPtr = std::unique_ptr<GstClock, decltype(&gst_object_unref)>;

GstClockTime running_time_of(const GstSegment& segment, GstClockTime stream_time) {
  if (segment.format != GST_FORMAT_TIME) return GST_CLOCK_TIME_NONE;
  const guint64 position =
      gst_segment_position_from_stream_time(&segment, GST_FORMAT_TIME, stream_time);
  return gst_segment_to_running_time(&segment, GST_FORMAT_TIME, position);
}

// When, on the calendar, a frame of `running_time` was taken; empty without a clock.
std::string wall_clock_of(GstElement* element, GstClockTime running_time) {
  const ClockPtr clock(gst_element_get_clock(element), gst_object_unref);
  if (clock == nullptr || !GST_CLOCK_TIME_IS_VALID(running_time)) return {};
  const GstClockTime taken = gst_element_get_base_time(element) + running_time;
  const GstClockTimeDiff ago = GST_CLOCK_DIFF(taken, gst_clock_get_time(clock.get()));
  return rfc3339_utc(g_get_real_time() - ago / GST_USECOND);
}

// Takes over `fields`.
void announce_one(GstBaseTransform* element, GstStructure* fields, bool post) {
  if (post)
    gst_element_post_message(
        GST_ELEMENT_CAST(element),
        gst_message_new_element(GST_OBJECT_CAST(element), gst_structure_copy(fields)));
  gst_pad_push_event(GST_BASE_TRANSFORM_SRC_PAD(element),
                     gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, fields));
}

void post_text(GstElement* element, GQuark domain, gint code, const char* text) {
  gst_element_message_full(element, GST_MESSAGE_ERROR, domain, code, g_strdup(text), nullptr,
                           __FILE__, __func__, __LINE__);
}

void post_novelty_error(GstElement* element, const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kNotFound:
      return post_text(element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, error.what());
    case ErrorKind::kRead:
    case ErrorKind::kFormat:
    case ErrorKind::kVersion:
    case ErrorKind::kUnsupported:
      return post_text(element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ, error.what());
    case ErrorKind::kSettings:
      return post_text(element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, error.what());
    case ErrorKind::kBackend:
      return post_text(element, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT, error.what());
    default:
      return post_text(element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED, error.what());
  }
}

}  // namespace

void announce(GstBaseTransform* element, const DetectSettings& settings, bool live,
              Reports& reports) {
  const auto tell = [&](auto& report) {
    report.camera = settings.camera;
    report.running_time = running_time_of(element->segment, report.stream_time);
    if (live) report.wall_clock = wall_clock_of(GST_ELEMENT_CAST(element), report.running_time);
    announce_one(element, structure_of(report), settings.post_messages);
  };
  for (Report& report : reports) std::visit(tell, report);
  reports.clear();
}

void announce_model(GstBaseTransform* element, const Detector& detector) {
  const ModelInfo& info = detector.info();
  GstStructure* fields = gst_structure_new(
      "novelty-model-loaded", "model", G_TYPE_STRING, info.path.c_str(), "model-id", G_TYPE_STRING,
      info.id.c_str(), "threshold", G_TYPE_DOUBLE, info.threshold, nullptr);
  gst_element_post_message(GST_ELEMENT_CAST(element),
                           gst_message_new_element(GST_OBJECT_CAST(element), fields));
}

void post_error(GstElement* element, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    post_novelty_error(element, e);
  } catch (const std::exception& e) {
    post_text(element, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, e.what());
  } catch (...) {
    post_text(element, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "an unknown exception");
  }
}

}  // namespace novelty
