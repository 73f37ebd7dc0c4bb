// SPDX-License-Identifier: Apache-2.0
// The LibTorch backend for tests of it, and input for it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/backend.h"

namespace novelty::testing {

/// The backend of this build; null when it was built without one.
const Backend* backend_or_null();

/// `count` values, uniform in [0, 1).
std::vector<float> random_values(std::size_t count, std::uint64_t seed);

}  // namespace novelty::testing
