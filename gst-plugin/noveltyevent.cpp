// SPDX-License-Identifier: Apache-2.0
// Writes and reads the structures of novelty-begin, -update and -end.
#include "noveltyevent.h"

#include <array>
#include <memory>
#include <utility>

namespace novelty {
namespace {

constexpr std::array<std::pair<EventChange, const char*>, 3> kNames{{
    {EventChange::kBegin, kBeginName},
    {EventChange::kUpdate, kUpdateName},
    {EventChange::kEnd, kEndName},
}};

const char* text_or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

const char* name_of(EventChange change) {
  for (const auto& [kind, name] : kNames)
    if (kind == change) return name;
  return kUpdateName;
}

EventChange change_of(const GstStructure* structure) {
  for (const auto& [kind, name] : kNames)
    if (gst_structure_has_name(structure, name)) return kind;
  return EventChange::kNone;
}

void set_region(GstStructure* fields, const Region& region) {
  GstStructure* box = gst_structure_new(
      "region", "x", G_TYPE_DOUBLE, static_cast<double>(region.x), "y", G_TYPE_DOUBLE,
      static_cast<double>(region.y), "width", G_TYPE_DOUBLE, static_cast<double>(region.width),
      "height", G_TYPE_DOUBLE, static_cast<double>(region.height), "p-value", G_TYPE_DOUBLE,
      static_cast<double>(region.p_value), nullptr);
  gst_structure_set(fields, "region", GST_TYPE_STRUCTURE, box, nullptr);
  gst_structure_free(box);
}

float float_of(const GstStructure* fields, const char* name) {
  double value = 0;
  gst_structure_get_double(fields, name, &value);
  return static_cast<float>(value);
}

std::optional<Region> region_of(const GstStructure* fields) {
  const GValue* value = gst_structure_get_value(fields, "region");
  if (value == nullptr || !GST_VALUE_HOLDS_STRUCTURE(value)) return std::nullopt;
  const GstStructure* box = gst_value_get_structure(value);
  return Region{float_of(box, "x"), float_of(box, "y"), float_of(box, "width"),
                float_of(box, "height"), float_of(box, "p-value")};
}

std::string string_of(const GstStructure* fields, const char* name) {
  const char* text = gst_structure_get_string(fields, name);
  return text == nullptr ? std::string() : text;
}

GstClockTime time_of(const GstStructure* fields, const char* name) {
  guint64 value = GST_CLOCK_TIME_NONE;
  gst_structure_get_uint64(fields, name, &value);
  return value;
}

}  // namespace

GstStructure* structure_of(const NoveltyEvent& event) {
  GstStructure* fields =
      gst_structure_new(name_of(event.change), "event-id", G_TYPE_STRING, event.event_id.c_str(),
                        "camera", G_TYPE_STRING, event.camera.c_str(), "running-time",
                        G_TYPE_UINT64, static_cast<guint64>(event.running_time), "stream-time",
                        G_TYPE_UINT64, static_cast<guint64>(event.stream_time), "wall-clock",
                        G_TYPE_STRING, text_or_null(event.wall_clock), "peak-score", G_TYPE_DOUBLE,
                        event.peak_score, "p-value", G_TYPE_DOUBLE, event.p_value, nullptr);
  if (event.region) set_region(fields, *event.region);
  if (event.change == EventChange::kEnd)
    gst_structure_set(fields, "reason", G_TYPE_STRING, event.reason.c_str(), nullptr);
  return fields;
}

std::optional<NoveltyEvent> novelty_event_of(const GstStructure* structure) {
  if (structure == nullptr) return std::nullopt;
  NoveltyEvent event;
  event.change = change_of(structure);
  if (event.change == EventChange::kNone) return std::nullopt;
  event.event_id = string_of(structure, "event-id");
  event.camera = string_of(structure, "camera");
  event.running_time = time_of(structure, "running-time");
  event.stream_time = time_of(structure, "stream-time");
  event.wall_clock = string_of(structure, "wall-clock");
  gst_structure_get_double(structure, "peak-score", &event.peak_score);
  gst_structure_get_double(structure, "p-value", &event.p_value);
  event.region = region_of(structure);
  event.reason = string_of(structure, "reason");
  return event;
}

GstStructure* structure_of(const SceneNotice& notice) {
  return gst_structure_new(kSceneChangeName, "active", G_TYPE_BOOLEAN,
                           static_cast<gboolean>(notice.active), "reason", G_TYPE_STRING,
                           notice.reason.c_str(), "camera", G_TYPE_STRING, notice.camera.c_str(),
                           "running-time", G_TYPE_UINT64, static_cast<guint64>(notice.running_time),
                           "stream-time", G_TYPE_UINT64, static_cast<guint64>(notice.stream_time),
                           "wall-clock", G_TYPE_STRING, text_or_null(notice.wall_clock), nullptr);
}

std::optional<SceneNotice> scene_notice_of(const GstStructure* structure) {
  if (structure == nullptr || !gst_structure_has_name(structure, kSceneChangeName))
    return std::nullopt;
  SceneNotice notice;
  gboolean active = FALSE;
  gst_structure_get_boolean(structure, "active", &active);
  notice.active = active != FALSE;
  notice.reason = string_of(structure, "reason");
  notice.camera = string_of(structure, "camera");
  notice.running_time = time_of(structure, "running-time");
  notice.stream_time = time_of(structure, "stream-time");
  notice.wall_clock = string_of(structure, "wall-clock");
  return notice;
}

std::string rfc3339_utc(std::int64_t unix_us) {
  const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> epoch(
      g_date_time_new_from_unix_utc(0), g_date_time_unref);
  const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> time(
      g_date_time_add(epoch.get(), unix_us), g_date_time_unref);
  if (time == nullptr) return {};
  const std::unique_ptr<gchar, decltype(&g_free)> text(g_date_time_format_iso8601(time.get()),
                                                       g_free);
  return text.get();
}

}  // namespace novelty
