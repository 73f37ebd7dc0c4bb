// SPDX-License-Identifier: Apache-2.0
// Which kernels this machine runs.
#include "engine/vit_kernels.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "engine/vit_kernels_table.h"

namespace novelty {
namespace {

#ifdef NOVELTY_X86_KERNELS

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

bool has_short_products() {
  return has_avx512() && __builtin_cpu_supports("avx512bf16") &&
         __builtin_cpu_supports("avx512vnni");
}

// Linux hands out the tiles' state on request, for the whole process.
bool has_amx() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return has_short_products() && __builtin_cpu_supports("amx-tile") &&
         __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("amx-int8") &&
         syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

#endif

}  // namespace

const VitKernels* kernels_or_null(Isa isa, Precision precision) {
#ifdef NOVELTY_X86_KERNELS
  const bool is_float = precision == Precision::kFloat32;
  if (isa == Isa::kAmx) {
    if (is_float) return nullptr;
    static const bool has_tiles = has_amx();
    return has_tiles ? amx_kernels(precision) : nullptr;
  }
  if (isa == Isa::kAvx512) {
    const bool is_there = is_float ? has_avx512() : has_short_products();
    return is_there ? avx512_kernels(precision) : nullptr;
  }
  if (isa == Isa::kAvx2) return has_avx2() ? avx2_kernels(precision) : nullptr;
#endif
  return isa == Isa::kPlain ? plain_kernels(precision) : nullptr;
}

}  // namespace novelty
