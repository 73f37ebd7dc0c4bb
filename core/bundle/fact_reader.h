// SPDX-License-Identifier: Apache-2.0
// Reads a bundle's JSON facts, each with its range, naming the one that is wrong.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/json.h"
#include "novelty/error.h"

namespace novelty {

/// A view of one JSON object of the facts; `json` must outlive it.
/// All readers throw Error(kFormat) naming file and fact when it is missing, of another type or out
/// of its range (bounds included).
class FactReader {
 public:
  /// where: the file. name: of the object within the facts; empty for all of them.
  FactReader(const nlohmann::json& json, std::string where, std::string name);

  FactReader object(const std::string& key) const;
  double number(const std::string& key, double low, double high) const;
  std::vector<double> numbers(const std::string& key, std::size_t count, double low,
                              double high) const;
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high) const;
  bool flag(const std::string& key) const;
  /// UTF-8 without control characters, at most `limit` bytes.
  std::string text(const std::string& key, std::size_t limit) const;
  const nlohmann::json& json() const { return json_; }

  [[noreturn]] void refuse(const std::string& key, const std::string& what) const;

 private:
  const nlohmann::json& at(const std::string& key) const;
  std::string full_name(const std::string& key) const;
  double checked(const nlohmann::json& value, const std::string& key, double low,
                 double high) const;

  const nlohmann::json& json_;
  std::string where_, name_;
};

}  // namespace novelty
