// SPDX-License-Identifier: Apache-2.0
// Finds what noveltyrecord wrote in a folder, by the sidecars.
#include "recordings.h"

#include <glib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

#include "base/file.h"
#include "interrupt.h"
#include "novelty/error.h"
#include "untrusted_json.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxEvents = 1000;        // of one recording
constexpr std::size_t kMaxCurvePoints = 20000;  // the recorder writes 3000
constexpr std::int64_t kMaxDurationNs = 1'000'000'000LL * 3600 * 24 * 31;

enum class Fault { kForeign, kBroken, kTooLarge, kUnreadable };

bool is_text(const std::string& bytes) {
  return g_utf8_validate(bytes.data(), static_cast<gssize>(bytes.size()), nullptr) != FALSE;
}

/// A regular file itself, not a link to one.
bool is_file(const fs::path& path) {
  std::error_code failure;
  return fs::is_regular_file(fs::symlink_status(path, failure));
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

/// `name` when it is one of a file in `folder`, else empty.
std::string name_beside(const fs::path& folder, const std::string& name) {
  return is_plain_name(name) && is_file(folder / name) ? name : std::string();
}

std::optional<std::int64_t> utc_ms_of(const std::string& text) {
  const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> time(
      text.empty() ? nullptr : g_date_time_new_from_iso8601(text.c_str(), nullptr),
      g_date_time_unref);
  if (time == nullptr) return std::nullopt;
  return g_date_time_to_unix(time.get()) * 1000 + g_date_time_get_microsecond(time.get()) / 1000;
}

/// One sidecar's object on its way to a recording.
class Sidecar {
 public:
  Sidecar(const UntrustedJson& json, fs::path folder) : json_(json), folder_(std::move(folder)) {}

  std::optional<FoundRecording> recording() {
    const auto begin = json_.integer("begin_ns");
    const auto end = json_.integer("end_ns");
    if (!begin || !end || *end < *begin || *end - *begin > kMaxDurationNs) return std::nullopt;
    begin_ns_ = found_.stream_ns = *begin;
    found_.duration_ns = *end - *begin;
    found_.kind = json_.text("kind");
    if (found_.kind != "clip" && found_.kind != "frame" && found_.kind != "normal")
      return std::nullopt;
    if (!read_file_name()) return std::nullopt;
    read_facts();
    read_curve();
    for (const UntrustedJson& event : json_.objects("events", kMaxEvents)) add_event(event);
    return std::move(found_);
  }

 private:
  bool read_file_name() {
    const std::string name = json_.text("file");
    if (!is_plain_name(name)) return false;
    found_.file = name;
    found_.gone = name_beside(folder_, name).empty();
    return true;
  }

  void read_facts() {
    found_.camera = json_.text("camera");
    found_.model_id = json_.text("model_id");
    found_.frames = std::max<std::int64_t>(0, json_.integer("frames").value_or(0));
    found_.begin_utc_ms = utc_ms_of(json_.text("begin_utc"));
    found_.camera_clock = json_.text("begin_ntp");
    if (!utc_ms_of(found_.camera_clock)) found_.camera_clock.clear();
    found_.truncated = json_.flag("truncated");
    found_.recovered = json_.flag("recovered");
    found_.continued = !json_.text("continues").empty();
    found_.pinned = is_file(folder_ / fs::path(found_.file).replace_extension(".pin"));
  }

  std::int64_t within(std::int64_t time_ns) const {
    return std::clamp(time_ns, begin_ns_, begin_ns_ + found_.duration_ns) - begin_ns_;
  }

  void read_curve() {
    const UntrustedJson scores = json_.object("scores");
    const auto times = scores.integers("time_ns", kMaxCurvePoints);
    const auto values = scores.numbers("score", kMaxCurvePoints);
    const auto thresholds = scores.numbers("threshold", kMaxCurvePoints);
    if (times.size() != values.size() || times.size() != thresholds.size()) return;
    ScoreCurve& curve = found_.curve;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const std::int64_t time = times[i] ? within(*times[i]) : -1;
      if (!times[i] || !values[i] || (!curve.time_ns.empty() && time < curve.time_ns.back()))
        continue;
      curve.time_ns.push_back(time);
      curve.score.push_back(*values[i]);
      curve.threshold.push_back(
          thresholds[i].value_or(curve.threshold.empty() ? 0 : curve.threshold.back()));
    }
  }

  void add_event(const UntrustedJson& json) {
    const auto begin = json.integer("begin_ns");
    const auto end = json.integer("end_ns");
    if (!begin || !end) return;
    FoundEvent event;
    event.id = json.text("id");
    event.begin_ns = within(*begin);
    event.end_ns = std::max(event.begin_ns, within(*end));
    event.peak_ns = within(json.integer("peak_ns").value_or(*begin));
    event.peak_score = json.number("peak_score");
    event.peak_p_value = json.number("peak_p_value");
    event.threshold = json.number("threshold");
    event.region = region_of(json.object("region"));
    event.poster = name_beside(folder_, json.text("poster"));
    event.poster_map = name_beside(folder_, json.text("poster_map"));
    found_.events.push_back(std::move(event));
  }

  static std::optional<RecordedBox> region_of(const UntrustedJson& json) {
    const auto x = json.number("x"), y = json.number("y");
    const auto width = json.number("width"), height = json.number("height");
    if (!x || !y || !width || !height) return std::nullopt;
    const auto share = [](double value) { return std::clamp(value, 0.0, 1.0); };
    return RecordedBox{share(*x), share(*y), share(*width), share(*height)};
  }

  const UntrustedJson& json_;
  fs::path folder_;
  std::int64_t begin_ns_ = 0;
  FoundRecording found_;
};

std::variant<FoundRecording, Fault> read_sidecar(const fs::path& path) {
  std::error_code failure;
  if (!is_text(path.string())) return Fault::kUnreadable;
  if (fs::file_size(path, failure) > kMaxSidecarBytes && !failure) return Fault::kTooLarge;
  std::vector<std::byte> bytes;
  try {
    bytes = read_file(path.string(), kMaxSidecarBytes);
  } catch (const Error&) {
    return Fault::kUnreadable;
  }
  const auto json =
      UntrustedJson::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!json) return Fault::kBroken;
  if (json->text("schema") != "novelty-recording") return Fault::kForeign;
  const std::int64_t version = json->integer("version").value_or(0);
  if (version < 1 || version > 2) return Fault::kForeign;
  auto recording = Sidecar(*json, path.parent_path()).recording();
  if (!recording) return Fault::kBroken;
  return std::move(*recording);
}

std::size_t& count_of(FoundRecordings& found, Fault fault) {
  switch (fault) {
    case Fault::kForeign:
      return found.foreign;
    case Fault::kBroken:
      return found.broken;
    case Fault::kTooLarge:
      return found.too_large;
    case Fault::kUnreadable:
      break;
  }
  return found.unreadable;
}

void visit(const fs::path& path, const fs::path& root, FoundRecordings& found) {
  auto read = read_sidecar(path);
  if (const auto* fault = std::get_if<Fault>(&read)) {
    ++count_of(found, *fault);
    return;
  }
  auto& recording = std::get<FoundRecording>(read);
  const std::string folder = path.parent_path().lexically_relative(root).generic_string();
  recording.folder = folder == "." ? "" : folder + "/";
  found.recordings.push_back(std::move(recording));
}

}  // namespace

FoundRecordings find_recordings(const std::string& folder) {
  FoundRecordings found;
  std::error_code failure;
  if (!fs::is_directory(folder, failure))
    throw Error(ErrorKind::kNotFound, folder, "is no folder",
                "give the folder that noveltyrecord writes to (its property location)");
  const fs::path root(folder);
  if (fs::directory_iterator(root, failure); failure)
    throw Error(ErrorKind::kRead, folder, failure.message(), "check its permissions");
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(root, kOptions, failure), end; at != end && !failure;
       at.increment(failure)) {
    throw_if_interrupted();
    const bool ours = at->path() == root / "feedback.json";  // see feedback_file.h
    if (at->path().extension() == ".json" && !ours && is_file(at->path()))
      visit(at->path(), root, found);
  }
  std::sort(found.recordings.begin(), found.recordings.end(),
            [](const FoundRecording& a, const FoundRecording& b) {
              return std::tie(a.folder, a.file) < std::tie(b.folder, b.file);
            });
  return found;
}

}  // namespace novelty
