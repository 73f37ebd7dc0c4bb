// SPDX-License-Identifier: Apache-2.0
// Teacher and student on the CPU, by the kernels of this library. What an engine gives does not
// depend on the number of threads.
#pragma once

#include <memory>
#include <string>

#include "engine/backend.h"
#include "engine/vit_kernels.h"

namespace novelty {

/// The table of the built-in backend. make_student_trainer and make_compact_trainer are empty.
const Backend& cpu_backend();

/// What `options` come to on this machine: the kernels.
/// Throws: Error (kSettings: a name is unknown; kUnsupported: the machine lacks it).
const VitKernels& kernels_for(const EngineOptions& options);

/// Whether this machine scores more quickly in "bf16" or "int8" than in fp32.
bool is_quicker_in(const std::string& precision);

/// Throws: Error(kSettings) unless `actual`, the number of values of `what`, is as expected.
void check_size(std::size_t actual, std::int64_t expected, const char* what);

/// Throws: Error(kSettings) unless 1 <= threads <= 1024.
void check_threads(int threads);

}  // namespace novelty
