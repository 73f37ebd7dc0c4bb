// SPDX-License-Identifier: Apache-2.0
// A Density as tensors, and the score's definition as facts, of a bundle.
#pragma once

#include "base/json.h"
#include "base/safetensors.h"
#include "bundle/fact_reader.h"
#include "scoring/patch_values.h"

namespace novelty {

/// Exceptions that a bundle may hold, at most.
inline constexpr std::size_t kMostExceptions = 16384;

/// Adds the `density.*` tensors to `tensors`, as views of `density`; empty ones are left out.
void add_density_tensors(const Density& density, TensorMap& tensors);

/// The inverse; empty when the file has none. patches, width: of the teacher.
/// Throws: Error(kFormat) when a tensor is of another size or kind, a value not finite, or an
/// exception's patch is not on the grid or out of order.
Density read_density(const SafetensorsFile& file, std::size_t patches, std::size_t width);

/// picture: whether the model has a picture term; its scale is left out where it has none.
nlohmann::json score_facts(const ScoreDefinition& score, bool picture);

/// Throws: Error(kFormat) on a number out of its range.
ScoreDefinition read_score(const FactReader& facts, bool picture);

}  // namespace novelty
