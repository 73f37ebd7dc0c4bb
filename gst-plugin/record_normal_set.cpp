// SPDX-License-Identifier: Apache-2.0
// The pictures of normal footage that are kept, and which one a new one replaces.
#include "record_normal_set.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "record_index.h"

namespace novelty {
namespace {

using Json = nlohmann::json;

// Grey levels. The noise of a camera, averaged over a cell, stays below 2.
constexpr int kAlike = 8;
constexpr std::size_t kHours = 24;

int hour_of(const Json& facts, std::int64_t mtime_ns) {
  const std::string utc = facts.value("begin_utc", Json()).is_string()
                              ? facts["begin_utc"].get<std::string>()
                              : std::string();
  if (utc.size() > 12) return std::clamp(10 * (utc[11] - '0') + utc[12] - '0', 0, 23);
  return static_cast<int>(mtime_ns / 1'000'000'000 / 3600 % 24);
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

int distance(const SmallPicture& a, const SmallPicture& b) {
  int most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

std::string to_hex(const SmallPicture& picture) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t value : picture) {
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

std::optional<SmallPicture> from_hex(const std::string& text) {
  SmallPicture picture{};
  if (text.size() != 2 * picture.size()) return {};
  for (std::size_t i = 0; i < picture.size(); ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return {};
    picture[i] = static_cast<std::uint8_t>(16 * high + low);
  }
  return picture;
}

NormalSet::NormalSet(std::size_t max_samples)
    : max_per_hour_(std::max<std::size_t>(1, max_samples / kHours)) {}

void NormalSet::load(const std::string& root) {
  RecordIndex index(root);
  index.scan();
  for (const auto& [key, recording] : index.recordings()) {
    if (recording.open) continue;
    const Json facts = Json::parse(index.sidecar_of(key), nullptr, false);
    if (!facts.is_object() || facts.value("kind", Json()) != "normal") continue;
    const Json look = facts.value("look", Json());
    const auto picture = look.is_string() ? from_hex(look.get<std::string>()) : std::nullopt;
    if (picture) add({index.path_of(key), hour_of(facts, recording.mtime_ns), *picture});
  }
}

NormalSet::Decision NormalSet::decide(int hour, const SmallPicture& picture) {
  std::size_t of_hour = 0;
  auto nearest = samples_.end();
  int least = 256;
  for (auto sample = samples_.begin(); sample != samples_.end(); ++sample) {
    if (sample->hour != hour) continue;
    ++of_hour;
    const int away = distance(sample->picture, picture);
    if (away >= least) continue;
    least = away;
    nearest = sample;
  }
  if (least < kAlike) return {};
  if (of_hour < max_per_hour_) return {true, {}};
  Decision decision{true, nearest->base};
  samples_.erase(nearest);
  return decision;
}

}  // namespace novelty
