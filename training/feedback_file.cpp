// SPDX-License-Identifier: Apache-2.0
// What people marked as normal on the page of `novelty review`.
#include "feedback_file.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/file.h"
#include "novelty/error.h"
#include "untrusted_json.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSchema = "novelty-feedback";
constexpr int kVersion = 1;
constexpr std::size_t kMaxRecordings = 100'000, kMaxEvents = 10'000;

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::kFormat, where, what, "save it anew from the page of novelty review, or remove it");
}

bool stays_inside(const std::string& text) {
  const fs::path path(text);
  return !text.empty() && !path.is_absolute() && text.find('\0') == std::string::npos &&
         std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

MarkedRecording recording_of(const UntrustedJson& json, const std::string& where) {
  MarkedRecording recording{json.text("path"), json.text("camera"), json.text("model_id"), {}};
  if (!stays_inside(recording.path)) refuse(where, "a recording's path leads out of its folder");
  for (const UntrustedJson& event : json.objects("normal", kMaxEvents)) {
    const auto begin = event.integer("begin_ns"), end = event.integer("end_ns");
    if (!begin || !end || *begin < 0 || *end < *begin)
      refuse(where, "an event of " + recording.path + " has no times");
    recording.normal.push_back({event.text("event_id"), *begin, *end});
  }
  return recording;
}

}  // namespace

FeedbackFile parse_feedback(std::string_view text, const std::string& where) {
  const auto json = UntrustedJson::parse(text);
  if (!json) refuse(where, "is not JSON");
  if (json->text("schema") != kSchema) refuse(where, "is no feedback of novelty review");
  if (json->integer("version") != kVersion)
    throw Error(ErrorKind::kVersion, where, "is feedback of another version than 1",
                "update novelty");
  FeedbackFile feedback;
  for (const UntrustedJson& entry : json->objects("recordings", kMaxRecordings)) {
    MarkedRecording recording = recording_of(entry, where);
    if (!recording.normal.empty()) feedback.recordings.push_back(std::move(recording));
  }
  return feedback;
}

FeedbackFile read_feedback(const std::string& path) {
  const auto bytes = read_file(path, kMaxFeedbackBytes);
  return parse_feedback({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

std::string feedback_text(const FeedbackFile& feedback) {
  using Json = nlohmann::ordered_json;
  Json json{{"schema", kSchema}, {"version", kVersion}, {"recordings", Json::array()}};
  for (const MarkedRecording& recording : feedback.recordings) {
    Json& entry = json["recordings"].emplace_back(Json{{"path", recording.path},
                                                       {"camera", recording.camera},
                                                       {"model_id", recording.model_id},
                                                       {"normal", Json::array()}});
    for (const MarkedEvent& event : recording.normal)
      entry["normal"].push_back(
          {{"event_id", event.id}, {"begin_ns", event.begin_ns}, {"end_ns", event.end_ns}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool is_feedback_file(const std::string& input) {
  return fs::path(input).extension() == ".json";
}

}  // namespace novelty
