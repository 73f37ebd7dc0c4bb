// SPDX-License-Identifier: Apache-2.0
// What pictures and a student came from, for a bundle's provenance.
#pragma once

#include <nlohmann/json.hpp>

#include "novelty/trainer.h"

namespace novelty {

/// The source's identity as JSON; as a text when it is none.
nlohmann::json source_facts(FrameSource& source);

/// What `options` say of the student and its training: equal for equal students of one preset.
nlohmann::json student_facts(const TrainingOptions& options);

}  // namespace novelty
