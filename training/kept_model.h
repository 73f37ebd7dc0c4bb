// SPDX-License-Identifier: Apache-2.0
// Trains a model unless the one that is there already is what training would give.
#pragma once

#include <optional>

#include "footage.h"
#include "novelty/trainer.h"

namespace novelty {

/// Trains `options.output`, going on with what a stopped run of the same input and options left.
/// Nothing when the bundle there is of the same footage, teacher (teacher_sha256: of its file,
/// empty when untrained), options and version. Throws: Error.
std::optional<TrainingReport> train_unless_kept(Footage& footage, TrainingOptions options,
                                                const std::string& teacher_sha256,
                                                const TrainingCallback& callback);

}  // namespace novelty
