// SPDX-License-Identifier: Apache-2.0
// What the parts of a recorder share with its element: settings, the bus, and being live.
#include "record_host.h"

namespace novelty {

void RecordHost::warn(const std::string& text) {
  if (!failing_.exchange(true)) tell(text);
}

void RecordHost::works() {
  if (!failing_.exchange(false)) return;
  GstElement* element = element_or_null();
  if (element == nullptr) return;
  GST_ELEMENT_INFO(element, RESOURCE, WRITE, ("recording again"), (nullptr));
  gst_object_unref(element);
}

void RecordHost::tell(const std::string& text) {
  GstElement* element = element_or_null();
  if (element == nullptr) return;
  GST_ELEMENT_WARNING(element, RESOURCE, WRITE, ("%s", text.c_str()), (nullptr));
  gst_object_unref(element);
}

void RecordHost::warn_once(Missing what, const std::string& why) {
  if (warned_of_.at(static_cast<std::size_t>(what)).exchange(true)) return;
  auto* element = static_cast<GstElement*>(g_weak_ref_get(&element_));
  if (element == nullptr) return;
  GST_ELEMENT_WARNING(
      element, STREAM, DECODE, ("%s", why.c_str()),
      ("events without their %s; recording goes on", what == Missing::kSound ? "sound" : "stills"));
  gst_object_unref(element);
}

void RecordHost::announce(const std::string& kind, const std::string& location,
                          const std::string& sidecar, const std::string& event_id,
                          const std::string& event_ids) {
  GstElement* element = element_or_null();
  if (element == nullptr) return;
  GstStructure* fields = gst_structure_new(
      "novelty-recorded", "kind", G_TYPE_STRING, kind.c_str(), "location", G_TYPE_STRING,
      location.c_str(), "sidecar", G_TYPE_STRING, sidecar.c_str(), "event-id", G_TYPE_STRING,
      event_id.c_str(), "event-ids", G_TYPE_STRING, event_ids.c_str(), nullptr);
  gst_element_post_message(element, gst_message_new_element(GST_OBJECT(element), fields));
  gst_object_unref(element);
}

void RecordHost::set_encoder(const std::string& encoder) {
  const std::lock_guard lock(mutex_);
  encoder_ = encoder;
}

std::string RecordHost::encoder() const {
  const std::lock_guard lock(mutex_);
  return encoder_;
}

}  // namespace novelty
