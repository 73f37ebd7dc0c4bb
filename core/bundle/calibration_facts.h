// SPDX-License-Identifier: Apache-2.0
// A Calibration as tensors and facts of a bundle.
#pragma once

#include "base/json.h"
#include "base/safetensors.h"
#include "bundle/fact_reader.h"
#include "calibration/calibration.h"

namespace novelty {

/// Adds the `calibration.*` tensors to `tensors`, as views of `calibration`; empty ones are left
/// out.
void add_calibration_tensors(const Calibration& calibration, TensorMap& tensors);

/// The numbers of `calibration`.
nlohmann::json calibration_facts(const Calibration& calibration);

/// The inverse of both. Throws: Error(kFormat) when a list is empty or not ascending, a value not
/// finite or out of its range, or an order does not hold (peaks over peak_start, map_zero <
/// map_one, exit_threshold <= threshold).
Calibration read_calibration(const FactReader& facts, const SafetensorsFile& file);

}  // namespace novelty
