// SPDX-License-Identifier: Apache-2.0
// The backends for tests of them, and input for them.
#include "test_backend.h"

#include <cstdlib>

#include "base/rng.h"

namespace novelty::testing {

const Backend* training_or_null() {
  return std::getenv("NOVELTY_BACKEND_DIR") ? &training_backend() : nullptr;
}

std::vector<float> random_values(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (auto& value : values) value = static_cast<float>(rng.uniform());
  return values;
}

}  // namespace novelty::testing
