// SPDX-License-Identifier: Apache-2.0
// The evaluation's report: one HTML file that needs nothing else.
#pragma once

#include <string>
#include <vector>

#include "evaluation_result.h"

namespace novelty {

/// The table, and for every clip the scores with threshold and labels, the events and the missed
/// ranges with their anomaly maps. Throws: Error(kResource).
std::string evaluation_page(const std::vector<ClipRun>& runs, const std::vector<RowMeasures>& rows);

}  // namespace novelty
