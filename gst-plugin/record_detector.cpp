// SPDX-License-Identifier: Apache-2.0
// Finds the noveltydetect that a recorder listens to, and listens.
#include "record_detector.h"

#include <exception>

#include "gstnoveltydetect.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr gint64 kModelsOwnNs = GST_SECOND;

// The probe's own; its segment is the detector's streaming thread's.
struct Listener {
  std::shared_ptr<RecordFeed> feed;
  GstSegment segment;
};

GstElement* find_or_null(GstElement* element, const std::string& name) {
  GstObject* top = GST_OBJECT(gst_object_ref(element));
  while (GstObject* parent = gst_object_get_parent(top)) {
    gst_object_unref(top);
    top = parent;
  }
  GstElement* found = GST_IS_BIN(top) ? gst_bin_get_by_name(GST_BIN(top), name.c_str()) : nullptr;
  gst_object_unref(top);
  return found;
}

GstElement* find_or_throw(GstElement* element, const std::string& name) {
  GstElement* found = find_or_null(element, name);
  if (found == nullptr) {
    throw Error(ErrorKind::kNotFound, "detector", "the pipeline has no element '" + name + "'",
                "name the detector: noveltydetect name=" + name);
  }
  if (GST_IS_NOVELTY_DETECT(found)) return found;
  const std::string type = G_OBJECT_TYPE_NAME(found);
  gst_object_unref(found);
  throw Error(ErrorKind::kSettings, "detector", "'" + name + "' is a " + type,
              "give the name of a noveltydetect");
}

void hear(Listener& listener, GstBuffer* buffer) {
  if (listener.segment.format != GST_FORMAT_TIME || !GST_BUFFER_PTS_IS_VALID(buffer)) return;
  guint64 running = 0;
  const int sign = gst_segment_to_running_time_full(&listener.segment, GST_FORMAT_TIME,
                                                    GST_BUFFER_PTS(buffer), &running);
  if (sign != 0) listener.feed->push(buffer, sign * static_cast<std::int64_t>(running));
}

void hear(Listener& listener, GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &listener.segment);
      break;
    case GST_EVENT_EOS:
      listener.feed->end();
      break;
    case GST_EVENT_STREAM_START:
      listener.feed->begin();
      break;
    case GST_EVENT_FLUSH_STOP:
      listener.feed->clear();
      break;
    default:
      break;
  }
}

GstPadProbeReturn listen(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& listener = *static_cast<Listener*>(data);
  try {
    if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
      hear(listener, GST_PAD_PROBE_INFO_BUFFER(info));
    } else {
      hear(listener, GST_PAD_PROBE_INFO_EVENT(info));
    }
  } catch (const std::exception& error) {
    GST_WARNING("the detector is not heard: %s", error.what());
  }
  return GST_PAD_PROBE_OK;
}

constexpr auto kHeard =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                 GST_PAD_PROBE_TYPE_EVENT_FLUSH);

std::int64_t time_or_models(GstElement* detector, const char* property) {
  gint64 value = -1;
  g_object_get(detector, property, &value, nullptr);
  return value < 0 ? kModelsOwnNs : value;
}

}  // namespace

DetectorTap::DetectorTap(GstElement* element, const std::string& name)
    : detector_(find_or_throw(element, name)),
      pad_(gst_element_get_static_pad(detector_, "src")),
      feed_(std::make_shared<RecordFeed>()) {
  auto* listener = new Listener{feed_, {}};
  gst_segment_init(&listener->segment, GST_FORMAT_UNDEFINED);
  if (GstEvent* event = gst_pad_get_sticky_event(pad_, GST_EVENT_SEGMENT, 0)) {
    gst_event_copy_segment(event, &listener->segment);
    gst_event_unref(event);
  }
  probe_ = gst_pad_add_probe(pad_, kHeard, listen, listener,
                             [](gpointer data) { delete static_cast<Listener*>(data); });
}

DetectorTap::~DetectorTap() {
  gst_pad_remove_probe(pad_, probe_);
  gst_object_unref(pad_);
  gst_object_unref(detector_);
}

std::int64_t DetectorTap::decision_ns() const {
  return time_or_models(detector_, "smoothing") + time_or_models(detector_, "min-duration");
}

}  // namespace novelty
