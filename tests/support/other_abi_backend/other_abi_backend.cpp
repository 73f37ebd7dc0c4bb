// SPDX-License-Identifier: Apache-2.0
// A backend library that knows only another ABI number, so it hands out nothing.
#include "engine/backend.h"

extern "C" __attribute__((visibility("default"))) const novelty::Backend* novelty_backend(
    std::uint32_t abi) {
  static const novelty::Backend backend{novelty::kBackendAbi + 1, "torch", "", {}, {}, {}};
  return abi == backend.abi ? &backend : nullptr;
}
