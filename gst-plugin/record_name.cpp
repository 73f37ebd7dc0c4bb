// SPDX-License-Identifier: Apache-2.0
// Where a recording goes: the property `location` as a template of paths.
#include "record_name.h"

#include <glib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string_view>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::size_t kMaxValueLength = 64;
// Room is left for "-9999", an event's id and ".part.json" in the 255 bytes of a file name.
constexpr std::size_t kMaxPartLength = 160;
constexpr std::string_view kReserved = ".part";  // the sidecar's name would be a note's
constexpr std::array kExtensions{".mp4", ".mkv", ".webm", ".jpg", ".png"};
constexpr const char* kKnownFields =
    "known are camera, event, model, kind, date, time, hour and position";

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

[[noreturn]] void refuse(const std::string& location, const std::string& what,
                         const std::string& remedy) {
  throw Error(ErrorKind::kSettings, "location=" + location, what, remedy);
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

void append(std::string& path, const std::string& part) {
  if (!path.empty() && path.back() != '/') path += '/';
  path += part;
}

bool has_field(const std::string& part) {
  return part.find("%{") != std::string::npos;
}

std::string utc_text(const NameFields& fields, const char* format) {
  const std::time_t seconds = fields.utc_us.value_or(g_get_real_time()) / 1'000'000;
  std::tm parts{};
  std::array<char, 64> text{};
  if (gmtime_r(&seconds, &parts) != nullptr) {
    std::strftime(text.data(), text.size(), format, &parts);
  }
  return text.data();
}

struct Field {
  const char* name;
  std::string (*value)(const NameFields&);
};

const std::array<Field, 8> kFields{{
    {"camera", [](const NameFields& f) { return f.camera; }},
    {"event", [](const NameFields& f) { return f.event; }},
    {"model", [](const NameFields& f) { return f.model.substr(0, 8); }},
    {"kind", [](const NameFields& f) { return f.kind; }},
    {"date", [](const NameFields& f) { return utc_text(f, "%Y-%m-%d"); }},
    {"time", [](const NameFields& f) { return utc_text(f, "%H-%M-%S"); }},
    {"hour", [](const NameFields& f) { return utc_text(f, "%H"); }},
    {"position", [](const NameFields& f) { return std::to_string(f.stream_ns / 1'000'000); }},
}};

const Field* find_field_or_null(const std::string& name) {
  const auto found = std::find_if(kFields.begin(), kFields.end(),
                                  [&](const Field& field) { return name == field.name; });
  return found == kFields.end() ? nullptr : &*found;
}

// Calls back for each stretch of plain text and each field's name. False: a field is not closed.
bool walk(const std::string& part, const std::function<void(const std::string&)>& text,
          const std::function<void(const std::string&)>& field) {
  std::size_t at = 0;
  while (at < part.size()) {
    const std::size_t open = std::min(part.find("%{", at), part.size());
    text(part.substr(at, open - at));
    if (open == part.size()) return true;
    const std::size_t end = part.find('}', open);
    if (end == std::string::npos) return false;
    field(part.substr(open + 2, end - open - 2));
    at = end + 1;
  }
  return true;
}

void check_part(const std::string& part, const std::string& location) {
  if (part == "." || part == "..") {
    refuse(location, "'" + part + "' stands behind a field", "write the path without it");
  }
  const bool closed = walk(
      part, [](const std::string&) {},
      [&](const std::string& name) {
        if (find_field_or_null(name) == nullptr) {
          refuse(location, "there is no field %{" + name + "}", kKnownFields);
        }
      });
  if (!closed) refuse(location, "a field is not closed in '" + part + "'", "write %{camera}");
}

std::string fill(const std::string& part, const NameFields& fields) {
  std::string filled;
  walk(
      part, [&](const std::string& text) { filled += text; },
      [&](const std::string& name) {
        filled += safe_name(find_field_or_null(name)->value(fields));
      });
  return filled.substr(0, kMaxPartLength);
}

// What a file is called where the template names only folders.
std::string default_stem(const NameFields& fields) {
  const std::string subject = safe_name(fields.kind == "normal" ? fields.kind : fields.event);
  const std::string stem =
      fields.camera.empty() ? subject : safe_name(fields.camera) + "_" + subject;
  if (fields.kind == "normal") return stem + "_" + utc_text(fields, "%Y-%m-%d_%H-%M-%S");
  return fields.kind == "frame" ? stem + "_" + std::to_string(fields.stream_ns / 1'000'000) : stem;
}

// The ending of a name such as "%{time}.mp4"; empty when it has none.
std::string ending_of(const std::string& part) {
  const std::size_t dot = part.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == part.size()) return {};
  const bool plain = std::all_of(part.begin() + static_cast<std::ptrdiff_t>(dot) + 1, part.end(),
                                 [](unsigned char c) { return std::isalnum(c) != 0; });
  return plain ? part.substr(dot) : std::string();
}

bool is_known_ending(const std::string& ending) {
  return std::find(kExtensions.begin(), kExtensions.end(), ending) != kExtensions.end();
}

}  // namespace

std::string safe_name(const std::string& text) {
  std::string name = text.substr(0, kMaxValueLength);
  for (char& c : name) {
    if (!is_plain(c)) c = '_';
  }
  if (name.empty()) name.push_back('_');
  if (name.front() == '.') name.front() = '_';
  return name;
}

NameTemplate::NameTemplate(const std::string& location) {
  std::vector<std::string> all = split(location);
  const auto first = std::find_if(all.begin(), all.end(), has_field);
  const std::string ending =
      all.empty() || location.back() == '/' ? std::string() : ending_of(all.back());
  named_ = is_known_ending(ending);
  if (!named_ && first != all.end() && !ending.empty()) {
    refuse(location, "no recording is written as '" + ending + "'",
           "known are .mp4, .mkv, .webm, .jpg and .png");
  }
  if (named_) {
    extension_ = ending;
    all.back().resize(all.back().size() - ending.size());
  }
  const auto below = first == all.end() && named_ ? std::prev(all.end()) : first;
  root_ = location.rfind('/', 0) == 0 ? std::string(1, '/') : std::string();
  for (auto part = all.begin(); part != below; ++part) append(root_, *part);
  if (root_.empty()) root_.push_back('.');
  parts_.assign(below, all.end());
  for (const std::string& part : parts_) check_part(part, location);
}

std::string NameTemplate::expand(const NameFields& fields) const {
  std::string path;
  for (const std::string& part : parts_) append(path, fill(part, fields));
  if (!named_) append(path, default_stem(fields));
  const bool is_reserved =
      path.size() >= kReserved.size() &&
      path.compare(path.size() - kReserved.size(), kReserved.size(), kReserved) == 0;
  if (is_reserved) path += '_';
  return path;
}

}  // namespace novelty
