// SPDX-License-Identifier: Apache-2.0
// The parts of the LibTorch backend, and what they check alike.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "engine/backend.h"

namespace novelty {

std::shared_ptr<const Engine> make_torch_engine(const NetworkView& teacher,
                                                const NetworkView& student, int threads);
std::unique_ptr<Teacher> make_torch_teacher(const NetworkView& teacher, int threads);
std::unique_ptr<StudentTrainer> make_torch_student_trainer(const NetworkView& student,
                                                           const TensorMap& state, int threads);
std::unique_ptr<CompactTrainer> make_torch_compact_trainer(const NetworkView& network,
                                                           int teacher_width, std::uint64_t seed,
                                                           const TensorMap& state, int threads);

/// Throws: Error(kSettings) unless `actual`, the number of values of `what`, is as expected.
void check_size(std::size_t actual, std::int64_t expected, const char* what);

/// Throws: Error(kSettings) unless 1 <= threads <= 1024.
void check_threads(int threads);

}  // namespace novelty
