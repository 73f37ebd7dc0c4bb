// SPDX-License-Identifier: Apache-2.0
// Reads JSON that anyone may have written.
#include "untrusted_json.h"

#include <cmath>
#include <exception>
#include <stdexcept>
#include <utility>

namespace novelty {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxTextBytes = 400;

/// `object[key]`, or null where there is none.
const json& at(const json& object, const char* key) {
  static const json kNone;
  const auto entry = object.find(key);
  return entry == object.end() ? kNone : *entry;
}

std::optional<double> number_of(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> integer_of(const json& value) {
  constexpr double kLimit = 9e18;  // below 2^63
  const auto number = number_of(value);
  if (!number || std::abs(*number) > kLimit) return std::nullopt;
  return value.is_number_integer() ? value.get<std::int64_t>() : static_cast<std::int64_t>(*number);
}

template <typename Value, typename Take>
std::vector<Value> take_from(const json& array, std::size_t most, const Take& take) {
  std::vector<Value> taken;
  if (!array.is_array()) return taken;
  for (const json& entry : array) {
    if (taken.size() == most) break;
    taken.push_back(take(entry));
  }
  return taken;
}

}  // namespace

UntrustedJson::UntrustedJson(json json) : json_(std::move(json)) {}

std::optional<UntrustedJson> UntrustedJson::parse(std::string_view bytes) {
  const auto limit_depth = [](int depth, json::parse_event_t /*event*/, json& /*value*/) {
    if (depth > kMaxDepth) throw std::length_error("too deep");
    return true;
  };
  try {
    json parsed = json::parse(bytes, limit_depth);
    if (!parsed.is_object()) return std::nullopt;
    return UntrustedJson(std::move(parsed));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::string UntrustedJson::text(const char* key) const {
  const json& value = at(json_, key);
  if (!value.is_string()) return {};
  const auto& text = value.get_ref<const std::string&>();
  return text.size() <= kMaxTextBytes ? text : std::string();
}

std::optional<double> UntrustedJson::number(const char* key) const {
  return number_of(at(json_, key));
}

std::optional<std::int64_t> UntrustedJson::integer(const char* key) const {
  return integer_of(at(json_, key));
}

bool UntrustedJson::flag(const char* key) const {
  const json& value = at(json_, key);
  return value.is_boolean() && value.get<bool>();
}

UntrustedJson UntrustedJson::object(const char* key) const {
  const json& value = at(json_, key);
  return UntrustedJson(value.is_object() ? value : json::object());
}

std::vector<UntrustedJson> UntrustedJson::objects(const char* key, std::size_t most) const {
  return take_from<UntrustedJson>(at(json_, key), most, [](const json& entry) {
    return UntrustedJson(entry.is_object() ? entry : json::object());
  });
}

std::vector<std::optional<double>> UntrustedJson::numbers(const char* key, std::size_t most) const {
  return take_from<std::optional<double>>(at(json_, key), most, number_of);
}

std::vector<std::optional<std::int64_t>> UntrustedJson::integers(const char* key,
                                                                 std::size_t most) const {
  return take_from<std::optional<std::int64_t>>(at(json_, key), most, integer_of);
}

}  // namespace novelty
