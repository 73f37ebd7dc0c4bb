// SPDX-License-Identifier: Apache-2.0
// AVX2 with FMA: float32.
#include <immintrin.h>

#include <cmath>

#include "engine/vit_kernels_table.h"

namespace novelty {
namespace {

typedef float V16 __attribute__((vector_size(64)));
typedef std::int32_t I16 __attribute__((vector_size(64)));

struct Halves {
  __m256 low, high;
};

inline Halves halves_of(V16 v) {
  Halves h;
  __builtin_memcpy(&h, &v, sizeof h);
  return h;
}

inline V16 whole_of(Halves h) {
  V16 v;
  __builtin_memcpy(&v, &h, sizeof v);
  return v;
}

inline V16 largest(V16 a, V16 b) {
  const Halves x = halves_of(a), y = halves_of(b);
  return whole_of({_mm256_max_ps(x.low, y.low), _mm256_max_ps(x.high, y.high)});
}

inline V16 smallest(V16 a, V16 b) {
  const Halves x = halves_of(a), y = halves_of(b);
  return whole_of({_mm256_min_ps(x.low, y.low), _mm256_min_ps(x.high, y.high)});
}

inline float sum(V16 v) {
  const Halves h = halves_of(v);
  const __m256 eight = _mm256_add_ps(h.low, h.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline float peak(V16 v) {
  const Halves h = halves_of(v);
  const __m256 eight = _mm256_max_ps(h.low, h.high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

#include "engine/vit_kernels_body.h"

// 6 rows of 16 columns: 12 sums in registers.
struct Product {
  using Operand = float;
  using Sum = float;
  static constexpr int kRows = 6, kPanels = 1, kDepth = 16;

  template <int kCount>
  static void rows_of(const float* a, std::ptrdiff_t stride, const float* b, int depth, float* c,
                      std::ptrdiff_t c_stride) {
    __m256 low[kCount], high[kCount];
#pragma GCC unroll 6
    for (int r = 0; r < kCount; ++r) low[r] = high[r] = _mm256_setzero_ps();
    for (int k = 0; k < depth; ++k, b += kPanelColumns) {
      const __m256 b_low = _mm256_loadu_ps(b), b_high = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
      for (int r = 0; r < kCount; ++r) {
        const __m256 value = _mm256_broadcast_ss(a + r * stride + k);
        low[r] = _mm256_fmadd_ps(value, b_low, low[r]);
        high[r] = _mm256_fmadd_ps(value, b_high, high[r]);
      }
    }
#pragma GCC unroll 6
    for (int r = 0; r < kCount; ++r) {
      _mm256_storeu_ps(c + r * c_stride, low[r]);
      _mm256_storeu_ps(c + r * c_stride + 8, high[r]);
    }
  }

  static void compute(const float* a, std::ptrdiff_t stride, int rows, const float* panels,
                      std::ptrdiff_t /*panel_size*/, int /*panel_count*/, int depth, float* c,
                      std::ptrdiff_t c_stride) {
    using Function =
        void (*)(const float*, std::ptrdiff_t, const float*, int, float*, std::ptrdiff_t);
    constexpr Function kFunctions[] = {rows_of<1>, rows_of<2>, rows_of<3>,
                                       rows_of<4>, rows_of<5>, rows_of<6>};
    kFunctions[rows - 1](a, stride, panels, depth, c, c_stride);
  }

  static void finish(int, int, float*, std::ptrdiff_t) {}
};

constexpr VitKernels kTable =
    table_of<Product, Product>("avx2", Precision::kFloat32, nothing, nothing);

}  // namespace

const VitKernels* avx2_kernels(Precision precision) {
  return precision == Precision::kFloat32 ? &kTable : nullptr;
}

}  // namespace novelty
