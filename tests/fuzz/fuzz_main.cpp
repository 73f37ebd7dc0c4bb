// SPDX-License-Identifier: Apache-2.0
// The entry libFuzzer calls; NOVELTY_FUZZ_TARGET names one of targets.h.
#include <cstdint>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  novelty::fuzz::NOVELTY_FUZZ_TARGET(std::as_bytes(std::span(data, size)));
  return 0;
}
