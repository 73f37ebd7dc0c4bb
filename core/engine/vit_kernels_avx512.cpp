// SPDX-License-Identifier: Apache-2.0
// AVX-512: float32; bfloat16 (AVX512_BF16) and int8 (AVX512_VNNI) where the machine has them.
#include <immintrin.h>

#include <cmath>

#include "engine/vit_kernels_table.h"

namespace novelty {
namespace {

#include "engine/vit_kernels_wide.h"

#include "engine/vit_kernels_body.h"

// A lane of 32 bits of each operand: one product, or the sum of 2 or 4.
struct FloatLane {
  using Operand = float;
  using Sum = float;
  using Vector = __m512;
  static constexpr int kGroup = 1, kDepth = 16;
  static Vector zero() { return _mm512_setzero_ps(); }
  static Vector add(Vector sum, __m512i a, __m512i b) {
    return _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum);
  }
};

struct Bfloat16Lane {
  using Operand = std::uint16_t;
  using Sum = float;
  using Vector = __m512;
  static constexpr int kGroup = 2, kDepth = 32;
  static Vector zero() { return _mm512_setzero_ps(); }
  static Vector add(Vector sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

struct Int8Lane {
  using Operand = std::uint8_t;
  using Sum = std::int32_t;
  using Vector = __m512i;
  static constexpr int kGroup = 4, kDepth = 64;
  static Vector zero() { return _mm512_setzero_si512(); }
  static Vector add(Vector sum, __m512i a, __m512i b) { return _mm512_dpbusd_epi32(sum, a, b); }
};

// 6 rows of 64 columns: 24 sums in registers.
template <class Lane>
struct Product {
  using Operand = typename Lane::Operand;
  using Sum = typename Lane::Sum;
  static constexpr int kRows = 6, kPanels = 4, kDepth = Lane::kDepth, kStep = Lane::kGroup;
  static constexpr std::ptrdiff_t kResidentBytes = 0;

  template <int kCount, int kWide>
  static void block_of(const Operand* a, std::ptrdiff_t stride, const Operand* panels,
                       std::ptrdiff_t panel_size, int depth, Sum* c, std::ptrdiff_t c_stride) {
    typename Lane::Vector sums[kCount][kWide];
#pragma GCC unroll 6
    for (int r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
      for (int p = 0; p < kWide; ++p) sums[r][p] = Lane::zero();
    }
    for (int k = 0; k < depth; k += Lane::kGroup) {
      __m512i b[kWide];
#pragma GCC unroll 4
      for (int p = 0; p < kWide; ++p) {
        b[p] = _mm512_loadu_si512(panels + p * panel_size + k * kPanelColumns);
      }
#pragma GCC unroll 6
      for (int r = 0; r < kCount; ++r) {
        std::int32_t lane;
        __builtin_memcpy(&lane, a + r * stride + k, sizeof lane);
        const __m512i value = _mm512_set1_epi32(lane);
#pragma GCC unroll 4
        for (int p = 0; p < kWide; ++p) sums[r][p] = Lane::add(sums[r][p], value, b[p]);
      }
    }
#pragma GCC unroll 6
    for (int r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
      for (int p = 0; p < kWide; ++p) {
        __builtin_memcpy(c + r * c_stride + p * kPanelColumns, &sums[r][p], sizeof sums[r][p]);
      }
    }
  }

  template <int kWide>
  static void panels_of(const Operand* a, std::ptrdiff_t stride, int rows, const Operand* panels,
                        std::ptrdiff_t panel_size, int depth, Sum* c, std::ptrdiff_t c_stride) {
    using Function = void (*)(const Operand*, std::ptrdiff_t, const Operand*, std::ptrdiff_t, int,
                              Sum*, std::ptrdiff_t);
    constexpr Function kFunctions[] = {block_of<1, kWide>, block_of<2, kWide>, block_of<3, kWide>,
                                       block_of<4, kWide>, block_of<5, kWide>, block_of<6, kWide>};
    kFunctions[rows - 1](a, stride, panels, panel_size, depth, c, c_stride);
  }

  static void compute(const Operand* a, std::ptrdiff_t stride, int rows, const Operand* panels,
                      std::ptrdiff_t panel_size, int panel_count, int depth, Sum* c,
                      std::ptrdiff_t c_stride) {
    using Function = void (*)(const Operand*, std::ptrdiff_t, int, const Operand*, std::ptrdiff_t,
                              int, Sum*, std::ptrdiff_t);
    constexpr Function kFunctions[] = {panels_of<1>, panels_of<2>, panels_of<3>, panels_of<4>};
    kFunctions[panel_count - 1](a, stride, rows, panels, panel_size, depth, c, c_stride);
  }

  static void finish(int, int, Sum*, std::ptrdiff_t) {}
};

constexpr VitKernels kTables[] = {table_of<Product<FloatLane>, Product<FloatLane>>(
                                      "avx512", Precision::kFloat32, nothing, nothing),
                                  table_of<Product<Bfloat16Lane>, Product<Bfloat16Lane>>(
                                      "avx512", Precision::kBfloat16, nothing, nothing),
                                  table_of<Product<Int8Lane>, Product<Bfloat16Lane>>(
                                      "avx512", Precision::kInt8, nothing, nothing)};

}  // namespace

const VitKernels* avx512_kernels(Precision precision) {
  return &kTables[static_cast<int>(precision)];
}

}  // namespace novelty
