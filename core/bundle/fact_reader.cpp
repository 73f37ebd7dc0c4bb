// SPDX-License-Identifier: Apache-2.0
// Checked access to JSON facts.
#include "bundle/fact_reader.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace novelty {
namespace {

template <typename T>
std::string range_text(T low, T high) {
  std::ostringstream text;
  text << "is out of its range, " << low << " to " << high;
  return text.str();
}

}  // namespace

FactReader::FactReader(const nlohmann::json& json, std::string where, std::string name)
    : json_(json), where_(std::move(where)), name_(std::move(name)) {
  if (json_.is_object()) return;
  throw Error(ErrorKind::kFormat, where_, "fact \"" + name_ + "\" is not a JSON object");
}

FactReader FactReader::object(const std::string& key) const {
  return {at(key), where_, full_name(key)};
}

double FactReader::number(const std::string& key, double low, double high) const {
  return checked(at(key), key, low, high);
}

std::vector<double> FactReader::numbers(const std::string& key, std::size_t count, double low,
                                        double high) const {
  const nlohmann::json& list = at(key);
  if (!list.is_array() || list.size() != count) {
    refuse(key, "is not a list of " + std::to_string(count) + " numbers");
  }
  std::vector<double> values;
  for (const auto& value : list) values.push_back(checked(value, key, low, high));
  return values;
}

std::int64_t FactReader::integer(const std::string& key, std::int64_t low,
                                 std::int64_t high) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number_integer()) refuse(key, "is not a whole number");
  const bool too_large = value.is_number_unsigned() &&
                         value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (too_large || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high) {
    refuse(key, range_text(low, high));
  }
  return value.get<std::int64_t>();
}

bool FactReader::flag(const std::string& key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_boolean()) refuse(key, "is not true or false");
  return value.get<bool>();
}

std::string FactReader::text(const std::string& key, std::size_t limit) const {
  const nlohmann::json& value = at(key);
  if (!value.is_string()) refuse(key, "is not text");
  auto text = value.get<std::string>();
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text.size() > limit || std::any_of(text.begin(), text.end(), is_control)) {
    refuse(key, "is not a line of text of at most " + std::to_string(limit) + " bytes");
  }
  return text;
}

void FactReader::refuse(const std::string& key, const std::string& what) const {
  throw Error(ErrorKind::kFormat, where_, "fact \"" + full_name(key) + "\" " + what);
}

const nlohmann::json& FactReader::at(const std::string& key) const {
  const auto found = json_.find(key);
  if (found == json_.end()) refuse(key, "is missing");
  return *found;
}

std::string FactReader::full_name(const std::string& key) const {
  return name_.empty() ? key : name_ + "." + key;
}

double FactReader::checked(const nlohmann::json& value, const std::string& key, double low,
                           double high) const {
  if (!value.is_number()) refuse(key, "is not a number");
  const auto number = value.get<double>();
  if (!(number >= low && number <= high)) refuse(key, range_text(low, high));
  return number;
}

}  // namespace novelty
