// SPDX-License-Identifier: Apache-2.0
// Times of events for people.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

namespace novelty {

/// Stream time as "3:07.25", minutes first.
inline std::string event_time(std::int64_t ns) {
  const auto ms = ns / 1'000'000;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%lld:%02lld.%02lld", static_cast<long long>(ms / 60'000),
                static_cast<long long>(ms / 1000 % 60), static_cast<long long>(ms / 10 % 100));
  return text.data();
}

}  // namespace novelty
