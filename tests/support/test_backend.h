// SPDX-License-Identifier: Apache-2.0
// The backends for tests of them, and input for them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/backend.h"

namespace novelty::testing {

/// What trains in this build; null when it was built without LibTorch.
const Backend* training_or_null();

/// `count` values, uniform in [0, 1).
std::vector<float> random_values(std::size_t count, std::uint64_t seed);

}  // namespace novelty::testing
