// SPDX-License-Identifier: Apache-2.0
// How the networks' tokens are compared, as facts and tensors of a bundle.
#pragma once

#include "base/json.h"
#include "bundle/fact_reader.h"
#include "engine/backend.h"

namespace novelty {

nlohmann::json comparison_facts(const TokenComparison& comparison);

/// The inverse. Throws: Error(kFormat) on a name or number that cannot be.
TokenComparison read_comparison(const FactReader& facts);

/// Adds the student's head to `tensors`, as views of `student`; nothing where it has none.
void add_head_tensors(const NetworkView& student, TensorMap& tensors);

/// The inverse; empty when the file has none. Widths: of the networks.
/// Throws: Error(kFormat) when a tensor is missing, of another size or kind, or not finite.
TensorMap read_head(const SafetensorsFile& file, int teacher_width, int student_width);

}  // namespace novelty
