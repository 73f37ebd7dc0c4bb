// SPDX-License-Identifier: Apache-2.0
// What was measured on drawn work cells, as tables.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace novelty::bench {

/// Markdown. seeds: at least one result of measure_seed.
std::string cell_tables(const std::vector<nlohmann::ordered_json>& seeds);

}  // namespace novelty::bench
