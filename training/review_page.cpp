// SPDX-License-Identifier: Apache-2.0
// The page on which people look through recordings.
#include "review_page.h"

#include <glib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/sha256.h"
#include "html_page.h"
#include "review_html.h"
#include "review_script.h"
#include "review_style.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMs = 1'000'000;

// Of all curves together, so that thousands of recordings still make a page that opens at once.
constexpr std::size_t kCurvePoints = 200'000;
constexpr std::size_t kFewestPoints = 48, kMostPoints = 600;

Json optional_number(const std::optional<double>& number) {
  return number ? Json(*number) : Json(nullptr);
}

/// To five digits: a curve is looked at.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(scale) ? std::round(value * scale) / scale : value;
}

/// The entries to keep of a curve: of each stretch its lowest and its highest.
std::vector<std::size_t> thin_out(const std::vector<double>& score, std::size_t most) {
  std::vector<std::size_t> kept;
  const std::size_t stretches = std::min(score.size(), most) / 2;
  if (score.size() <= most || stretches == 0) {
    for (std::size_t i = 0; i < score.size(); ++i) kept.push_back(i);
    return kept;
  }
  for (std::size_t n = 0; n < stretches; ++n) {
    const auto begin = score.begin() + static_cast<std::ptrdiff_t>(n * score.size() / stretches);
    const auto end =
        score.begin() + static_cast<std::ptrdiff_t>((n + 1) * score.size() / stretches);
    const auto [low, high] = std::minmax_element(begin, end);
    const auto [first, second] = std::minmax({low - score.begin(), high - score.begin()});
    kept.push_back(static_cast<std::size_t>(first));
    if (second != first) kept.push_back(static_cast<std::size_t>(second));
  }
  return kept;
}

Json curve_json(const ScoreCurve& curve, std::size_t most) {
  if (curve.time_ns.empty()) return nullptr;
  const auto [low, high] = std::minmax_element(curve.threshold.begin(), curve.threshold.end());
  const bool constant = *low == *high;
  Json json{{"t", Json::array()}, {"v", Json::array()}};
  json["h"] = constant ? Json(*low) : Json::array();
  for (const std::size_t i : thin_out(curve.score, most)) {
    json["t"].push_back(curve.time_ns[i] / kMs);
    json["v"].push_back(rounded(curve.score[i]));
    if (!constant) json["h"].push_back(rounded(curve.threshold[i]));
  }
  return json;
}

Json event_json(const FoundEvent& event) {
  Json json{{"id", event.id},
            {"begin_ns", event.begin_ns},
            {"end_ns", event.end_ns},
            {"peak_ns", event.peak_ns},
            {"score", optional_number(event.peak_score)},
            {"p", optional_number(event.peak_p_value)},
            {"threshold", optional_number(event.threshold)}};
  if (event.region)
    json["region"] = {event.region->x, event.region->y, event.region->width, event.region->height};
  if (!event.poster.empty()) json["poster"] = event.poster;
  if (!event.poster_map.empty()) json["map"] = event.poster_map;
  return json;
}

Json recording_json(const FoundRecording& found, std::size_t most_points) {
  Json json{{"folder", found.folder},
            {"file", found.file},
            {"kind", found.kind},
            {"camera", found.camera},
            {"model", found.model_id},
            {"stream_ns", found.stream_ns},
            {"duration_ns", found.duration_ns},
            {"utc", found.begin_utc_ms ? Json(*found.begin_utc_ms) : Json(nullptr)}};
  if (!found.camera_clock.empty()) json["camera_clock"] = found.camera_clock;
  for (const auto& [name, set] : {std::pair{"gone", found.gone},
                                  {"truncated", found.truncated},
                                  {"recovered", found.recovered},
                                  {"continued", found.continued},
                                  {"pinned", found.pinned}})
    if (set) json[name] = true;
  json["curve"] = curve_json(found.curve, most_points);
  json["events"] = Json::array();
  for (const FoundEvent& event : found.events) json["events"].push_back(event_json(event));
  return json;
}

/// Text with marks like {{title}}, each replaced in one pass: what is put in is not looked at
/// again.
std::string fill(std::string_view text,
                 const std::vector<std::pair<std::string_view, std::string_view>>& values) {
  std::string filled;
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{")) {
    const std::size_t end = text.find("}}", at);
    const std::string_view name = text.substr(at + 2, end - at - 2);
    filled += text.substr(0, at);
    for (const auto& [key, value] : values)
      if (key == name) filled += value;
    text.remove_prefix(end + 2);
  }
  return filled.append(text);
}

/// As a Content-Security-Policy names a script.
std::string script_hash(std::string_view script) {
  const std::string hex = sha256_hex(std::as_bytes(std::span(script)));
  std::array<guchar, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<guchar>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  const std::unique_ptr<gchar, decltype(&g_free)> text(g_base64_encode(bytes.data(), bytes.size()),
                                                       g_free);
  return std::string("sha256-") + text.get();
}

}  // namespace

std::string review_data(const FoundRecordings& found, const ReviewPage& page) {
  const std::size_t points = std::clamp(
      kCurvePoints / std::max<std::size_t>(1, found.recordings.size()), kFewestPoints, kMostPoints);
  Json json{
      {"base", page.base},
      {"folder", page.folder},
      {"served", page.served},
      {"skipped",
       {{"foreign", found.foreign},
        {"broken", found.broken},
        {"too_large", found.too_large},
        {"unreadable", found.unreadable}}},
      {"feedback", page.feedback_json.empty() ? Json(nullptr) : Json::parse(page.feedback_json)},
      {"recordings", Json::array()}};
  for (const FoundRecording& recording : found.recordings)
    json["recordings"].push_back(recording_json(recording, points));
  std::string text;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

std::string review_page(const FoundRecordings& found, const ReviewPage& page) {
  const std::string data = review_data(found, page);
  const std::string hash = script_hash(kReviewScript);
  const std::string title = escape(page.title);
  return fill(kReviewHtml, {{"title", title},
                            {"style", kReviewStyle},
                            {"script-hash", hash},
                            {"script", kReviewScript},
                            {"data", data}});
}

}  // namespace novelty
