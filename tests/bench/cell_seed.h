// SPDX-License-Identifier: Apache-2.0
// One drawn work cell: what of the things that do not belong in it is found, and where.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "clip_evaluation.h"

namespace novelty::bench {

/// The first quarter of a clip is learnt from, the next 30 s are normal, the rest has visits.
inline constexpr int kCellSeconds = 96, kCellFps = 10;
inline constexpr double kCellNormalS = 30;

/// Draws the clip of `seed` into options.data, trains and scores it. Result: "seed", "visits" (a
/// visit each: kind, place, moving, area, contrast, "found" by row, "pointed", "touched", "iou",
/// "peak"), "pixel_auroc", and by row "false_in_normal", "false_between", "normal_in_events".
/// Throws: Error; kCancelled on Ctrl-C.
nlohmann::ordered_json measure_seed(std::uint64_t seed, const EvaluationOptions& options,
                                    Progress& progress, const std::string& prefix);

}  // namespace novelty::bench
