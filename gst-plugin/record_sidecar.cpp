// SPDX-License-Identifier: Apache-2.0
// The JSON beside each recording: what was seen, when, and by which model.
#include "record_sidecar.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

// RFC 3339 with milliseconds, or null.
Json utc_text(const std::optional<std::int64_t>& utc_us) {
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

Json event_json(const RecordedEvent& event, std::int64_t to_stream) {
  return {{"id", event.id},
          {"begin_ns", event.begin_ns + to_stream},
          {"end_ns", event.end_ns + to_stream},
          {"peak_ns", event.peak_ns + to_stream},
          {"peak_score", event.peak_score},
          {"peak_p_value", event.peak_p_value},
          {"threshold", event.threshold},
          {"region", event.region ? region_json(*event.region) : Json(nullptr)},
          {"frames", event.frames}};
}

}  // namespace

void note_event(std::vector<RecordedEvent>& events, const NoveltyMeta& meta, std::int64_t at_ns) {
  auto event = std::find_if(events.begin(), events.end(),
                            [&](const RecordedEvent& e) { return e.id == meta.event_id; });
  const bool first = event == events.end();
  if (first) {
    events.push_back({.id = meta.event_id, .begin_ns = at_ns, .end_ns = at_ns});
    event = std::prev(events.end());
  }
  event->end_ns = std::max(event->end_ns, at_ns);
  ++event->frames;
  if (!first && meta.score <= event->peak_score) return;
  event->peak_ns = at_ns;
  event->peak_score = meta.score;
  event->peak_p_value = meta.p_value;
  event->threshold = meta.threshold;
  const std::vector<Region> regions = unpack_regions(meta);
  event->region = regions.empty() ? std::nullopt : std::optional(regions.front());
}

std::string event_ids(const std::vector<RecordedEvent>& events) {
  std::string ids;
  for (const RecordedEvent& event : events) ids += (ids.empty() ? "" : ",") + event.id;
  return ids;
}

std::string sidecar_json(const RecordingFacts& facts) {
  const std::int64_t to_stream = facts.begin.stream_ns - facts.begin.running_ns;
  Json json{{"schema", "novelty-recording"},
            {"version", kSchemaVersion},
            {"kind", facts.kind},
            {"file", facts.file},
            {"camera", facts.camera},
            {"model_id", facts.model_id},
            {"begin_ns", facts.begin.stream_ns},
            {"end_ns", facts.end_ns + to_stream},
            {"begin_running_ns", facts.begin.running_ns},
            {"begin_utc", utc_text(facts.begin.utc_us)},
            {"frames", facts.frames},
            {"truncated", facts.truncated},
            {"events", Json::array()}};
  for (const RecordedEvent& event : facts.events) {
    json["events"].push_back(event_json(event, to_stream));
  }
  if (facts.kind == "frame") {
    json["regions"] = Json::array();
    for (const Region& r : facts.regions) json["regions"].push_back(region_json(r));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace novelty
