// SPDX-License-Identifier: Apache-2.0
// Reads JSON that anyone may have written: a value of another type is as good as none.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace novelty {

/// An object. Texts longer than 400 bytes count as none; numbers are finite.
class UntrustedJson {
 public:
  /// Nothing when `bytes` are no JSON object, or one nested deeper than any of ours.
  static std::optional<UntrustedJson> parse(std::string_view bytes);

  std::string text(const char* key) const;  ///< empty where there is none
  std::optional<double> number(const char* key) const;
  std::optional<std::int64_t> integer(const char* key) const;
  bool flag(const char* key) const;
  UntrustedJson object(const char* key) const;  ///< empty where there is none
  /// At most the first `most` entries of an array; empty where there is none.
  std::vector<UntrustedJson> objects(const char* key, std::size_t most) const;
  std::vector<std::optional<double>> numbers(const char* key, std::size_t most) const;
  std::vector<std::optional<std::int64_t>> integers(const char* key, std::size_t most) const;

 private:
  explicit UntrustedJson(nlohmann::json json);
  nlohmann::json json_;
};

}  // namespace novelty
