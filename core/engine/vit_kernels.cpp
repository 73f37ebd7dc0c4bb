// SPDX-License-Identifier: Apache-2.0
// Which kernels this machine runs.
#include "engine/vit_kernels.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

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

Isa best_isa() {
  if (has_amx()) return Isa::kAmx;
  if (has_avx512()) return Isa::kAvx512;
  return has_avx2() ? Isa::kAvx2 : Isa::kPlain;
}

#else

Isa best_isa() {
  return Isa::kPlain;
}

#endif

}  // namespace

Isa usable_isa(Isa cap) {
  static const Isa best = best_isa();
  return std::min(best, cap);
}

const char* isa_name(Isa isa) {
  constexpr const char* kNames[] = {"plain", "avx2", "avx512", "amx"};
  return kNames[static_cast<int>(isa)];
}

const VitKernels* kernels_or_null(Isa isa, Precision precision) {
  if (usable_isa(isa) != isa) return nullptr;
#ifdef NOVELTY_X86_KERNELS
  if (isa == Isa::kAmx) return amx_kernels(precision);
  if (isa == Isa::kAvx512) {
    const bool is_there = precision == Precision::kFloat32 || has_short_products();
    return is_there ? avx512_kernels(precision) : nullptr;
  }
  if (isa == Isa::kAvx2) return avx2_kernels(precision);
#endif
  return plain_kernels(precision);
}

}  // namespace novelty
