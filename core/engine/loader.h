// SPDX-License-Identifier: Apache-2.0
// Opens a backend library; `backend_for` and `training_backend` add the search path.
#pragma once

#include <string>
#include <vector>

#include "engine/backend.h"

namespace novelty {

inline constexpr const char* kTrainingFile = "libnovelty-torch.so";
inline constexpr const char* kDeviceFile = "libnovelty-cuda.so";

/// Opens `file` in the first of `folders` that has it, for the rest of the process.
/// Thread: any. Throws: Error(kBackend): in none of them (the text lists them), there but it cannot
/// be opened (the loader's reason), not a backend, or of another ABI.
const Backend& open_backend(const std::string& file, const std::vector<std::string>& folders);

}  // namespace novelty
