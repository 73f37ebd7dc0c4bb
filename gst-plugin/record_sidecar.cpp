// SPDX-License-Identifier: Apache-2.0
// The JSON beside each recording: what was seen, when, and by which model.
#include "record_sidecar.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 2;

// RFC 3339 with milliseconds, or null.
Json time_text(const std::optional<std::int64_t>& utc_us) {
  if (!utc_us) return nullptr;
  const std::time_t seconds = *utc_us / 1'000'000;
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return nullptr;
  std::array<char, 64> day{};
  std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%s.%03dZ", day.data(),
                static_cast<int>(*utc_us / 1000 % 1000));
  return text.data();
}

Json region_json(const Region& r) {
  return {{"x", r.x}, {"y", r.y}, {"width", r.width}, {"height", r.height}, {"p_value", r.p_value}};
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json event_json(const RecordedEvent& event, std::int64_t to_stream) {
  Json regions = Json::array();
  for (const Region& region : unpack_regions(event.peak)) regions.push_back(region_json(region));
  return {{"id", event.id},
          {"begin_ns", event.begin_ns + to_stream},
          {"end_ns", event.end_ns + to_stream},
          {"peak_ns", event.peak_ns + to_stream},
          {"peak_score", event.peak.score},
          {"peak_p_value", event.peak.p_value},
          {"threshold", event.peak.threshold},
          {"region", regions.empty() ? Json(nullptr) : regions.front()},
          {"regions", regions},
          {"frames", event.frames},
          {"poster", text_or_null(event.poster)},
          {"poster_map", text_or_null(event.poster_map)}};
}

Json settings_json(const RecordingFacts& facts) {
  return {{"pre_roll_ns", facts.settings.pre_roll_ns},
          {"post_roll_ns", facts.settings.post_roll_ns},
          {"max_duration_ns", facts.settings.max_duration_ns},
          {"encoder", text_or_null(facts.encoder)}};
}

Json scores_json(const std::vector<ScorePoint>& points, std::int64_t to_stream) {
  Json json{{"time_ns", Json::array()},
            {"score", Json::array()},
            {"p_value", Json::array()},
            {"threshold", Json::array()}};
  for (const ScorePoint& point : points) {
    json["time_ns"].push_back(point.at_ns + to_stream);
    json["score"].push_back(point.score);
    json["p_value"].push_back(point.p_value);
    json["threshold"].push_back(point.threshold);
  }
  return json;
}

Json events_json(const std::vector<RecordedEvent>& events, std::int64_t to_stream) {
  Json json = Json::array();
  for (const RecordedEvent& event : events) json.push_back(event_json(event, to_stream));
  return json;
}

}  // namespace

bool note_event(std::vector<RecordedEvent>& events, const NoveltyMeta& meta, std::int64_t at_ns) {
  auto event = std::find_if(events.begin(), events.end(),
                            [&](const RecordedEvent& e) { return e.id == meta.event_id; });
  const bool first = event == events.end();
  if (first) {
    events.push_back({.id = meta.event_id, .begin_ns = at_ns, .end_ns = at_ns});
    event = std::prev(events.end());
  }
  if (!meta.held) event->end_ns = std::max(event->end_ns, at_ns);
  ++event->frames;
  if (!first && meta.score <= event->peak.score) return false;
  event->peak_ns = at_ns;
  event->peak = meta;
  return true;
}

std::string event_ids(const std::vector<RecordedEvent>& events) {
  std::string ids;
  for (const RecordedEvent& event : events) ids += (ids.empty() ? "" : ",") + event.id;
  return ids;
}

std::string sidecar_json(const RecordingFacts& facts) {
  const std::int64_t to_stream = facts.begin.stream_ns - facts.begin.running_ns;
  const Json json{{"schema", "novelty-recording"},
                  {"version", kSchemaVersion},
                  {"kind", facts.kind},
                  {"file", facts.file},
                  {"camera", facts.camera},
                  {"model_id", facts.model_id},
                  {"begin_ns", facts.begin.stream_ns},
                  {"end_ns", facts.end_ns + to_stream},
                  {"begin_running_ns", facts.begin.running_ns},
                  {"begin_utc", time_text(facts.begin.utc_us)},
                  {"begin_ntp", time_text(facts.begin.ntp_us)},
                  {"frames", facts.frames},
                  {"truncated", facts.truncated},
                  {"recovered", facts.recovered},
                  {"continues", text_or_null(facts.continues)},
                  {"settings", settings_json(facts)},
                  {"scores", scores_json(facts.scores, to_stream)},
                  {"events", events_json(facts.events, to_stream)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace novelty
