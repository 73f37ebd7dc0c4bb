// SPDX-License-Identifier: Apache-2.0
// The LibTorch backend for tests of it, and input for it.
#include "test_backend.h"

#include <cstdlib>

#include "base/rng.h"

namespace novelty::testing {

const Backend* backend_or_null() {
  return std::getenv("NOVELTY_BACKEND_DIR") ? &backend_for("cpu") : nullptr;
}

std::vector<float> random_values(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (auto& value : values) value = static_cast<float>(rng.uniform());
  return values;
}

}  // namespace novelty::testing
