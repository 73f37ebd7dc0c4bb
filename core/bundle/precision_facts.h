// SPDX-License-Identifier: Apache-2.0
// How far a model's scores move in precisions other than the one that calibrated it.
#pragma once

#include "base/json.h"
#include "bundle/fact_reader.h"
#include "engine/backend.h"

namespace novelty {

/// By precision ("bf16", "int8"): the 99th percentile of |score - float32 score| over normal
/// pictures, in standard deviations of their scores. What was not measured is missing.
using PrecisionDrift = std::map<std::string, double>;

/// With more drift a precision is refused: alarms would no longer be as rare as was promised.
inline constexpr double kMostDrift = 0.25;

nlohmann::json precision_facts(const PrecisionDrift& drift);

/// Throws: Error(kFormat).
PrecisionDrift read_precision(const FactReader& facts);

/// NetworkView::ranges as tensors `prefix` + name, and back. What is there is complete.
void add_range_tensors(const NetworkView& network, const std::string& prefix, TensorMap& tensors);
TensorMap read_ranges(const SafetensorsFile& file, const std::string& prefix,
                      const VitConfig& config);

/// Throws: Error(kUnsupported) unless `drift` has the precision and is small in it.
void check_drift(const PrecisionDrift& drift, const std::string& precision);

/// "fp32", "bf16" or "int8" for `wanted`, which may be "auto": the quickest of fp32 and bf16 on
/// this machine's CPU that `drift` allows. Throws: Error(kSettings: unknown; kUnsupported: not
/// allowed, or far slower here than fp32).
std::string allowed_precision(const PrecisionDrift& drift, const std::string& wanted);

}  // namespace novelty
