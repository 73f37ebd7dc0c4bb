// SPDX-License-Identifier: Apache-2.0
// A Calibration as tensors and facts of a bundle.
#pragma once

#include <cstddef>

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

/// The inverse of both. patches: of the networks. Throws: Error(kFormat) when a tensor is of
/// another size, a value not finite, or an order does not hold (scores ascending, scales > 0,
/// map_one > map_zero, exit_threshold <= threshold).
Calibration read_calibration(const FactReader& facts, const SafetensorsFile& file,
                             std::size_t patches);

}  // namespace novelty
