// SPDX-License-Identifier: Apache-2.0
// The parts of the LibTorch backend, and what they check alike.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "engine/backend.h"
#include "engine/cpu_engine.h"

namespace novelty {

std::unique_ptr<StudentTrainer> make_torch_student_trainer(const NetworkView& student,
                                                           const TensorMap& state, int threads);
std::unique_ptr<CompactTrainer> make_torch_compact_trainer(const NetworkView& network,
                                                           int teacher_width, std::uint64_t seed,
                                                           const TensorMap& state, int threads);
std::unique_ptr<DefendTrainer> make_torch_defend_trainer(const NetworkView& teacher,
                                                         const DefendOptions& options,
                                                         const TensorMap& state, int threads);
std::unique_ptr<ContrastTrainer> make_torch_contrast_trainer(const NetworkView& teacher,
                                                             std::span<const float> centre,
                                                             const TensorMap& state, int threads);

}  // namespace novelty
