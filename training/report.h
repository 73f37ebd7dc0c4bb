// SPDX-License-Identifier: Apache-2.0
// The training report: one HTML file that needs nothing else.
#pragma once

#include <string>

#include "footage.h"
#include "novelty/trainer.h"

namespace novelty {

/// Writes curves, threshold, the most and least normal held-out pictures with heat maps, settings
/// and warnings to `path`, atomically. Throws: Error (kWrite, kResource).
void write_report(const TrainingReport& report, Footage& footage, const std::string& path);

}  // namespace novelty
