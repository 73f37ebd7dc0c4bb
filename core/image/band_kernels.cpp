// SPDX-License-Identifier: Apache-2.0
// Which of the resampling kernels this machine runs.
#include "image/band_kernels.h"

#include <string_view>

#include "image/band_kernels_table.h"

namespace novelty {

const BandKernels* band_kernels_of(const char* isa) {
  const std::string_view name(isa);
#ifdef NOVELTY_X86_KERNELS
  if (name == "avx512" && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
    return &avx512_band_kernels();
  if (name == "avx2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return &avx2_band_kernels();
#endif
  return name == "plain" ? &plain_band_kernels() : nullptr;
}

const BandKernels& band_kernels() {
  static const BandKernels& best = [] {
    for (const char* isa : {"avx512", "avx2"})
      if (const BandKernels* kernels = band_kernels_of(isa)) return *kernels;
    return plain_band_kernels();
  }();
  return best;
}

}  // namespace novelty
