// SPDX-License-Identifier: Apache-2.0
// Opens a backend library; `backend_for` adds the search path and keeps it open.
#pragma once

#include <string>
#include <vector>

#include "engine/backend.h"

namespace novelty {

inline constexpr const char* kBackendFile = "libnovelty-torch.so";

/// Opens kBackendFile in the first of `folders` that has it, for the rest of the process.
/// Thread: any. Throws: Error(kBackend): in none of them (the text lists them), there but it cannot
/// be opened (the loader's reason), not a backend, or of another ABI.
const Backend& open_backend(const std::vector<std::string>& folders);

}  // namespace novelty
