// SPDX-License-Identifier: Apache-2.0
// JSON of untrusted files: parsed with limits, read with checks.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace novelty {

/// Parses `text`; refuses duplicate keys, nesting over 16 levels and over a million values.
/// Throws: Error(kFormat) naming `where`.
nlohmann::json parse_json(std::string_view text, const std::string& where);

}  // namespace novelty
