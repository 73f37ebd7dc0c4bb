// SPDX-License-Identifier: Apache-2.0
// AVX2 with FMA: float32.
#include <immintrin.h>

#include <cmath>

#include "engine/vit_kernels_table.h"

namespace novelty {
namespace {

// Two registers. A vector of GCC's of 64 bytes would live in memory here.
struct V16 {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();

  V16& operator+=(V16 b) {
    low += b.low;
    high += b.high;
    return *this;
  }
};

inline V16 operator+(V16 a, V16 b) {
  return {a.low + b.low, a.high + b.high};
}
inline V16 operator-(V16 a, V16 b) {
  return {a.low - b.low, a.high - b.high};
}
inline V16 operator*(V16 a, V16 b) {
  return {a.low * b.low, a.high * b.high};
}
inline V16 operator/(V16 a, V16 b) {
  return {a.low / b.low, a.high / b.high};
}
inline V16 operator-(V16 a) {
  return {-a.low, -a.high};
}
// All bits of a lane are set where it is true.
inline V16 operator<(V16 a, V16 b) {
  return {_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)};
}

inline V16 largest(V16 a, V16 b) {
  return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
[[maybe_unused]] inline V16 smallest(V16 a, V16 b) {
  return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}

inline float sum(V16 v) {
  const __m256 eight = v.low + v.high;
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline float peak(V16 v) {
  const __m256 eight = _mm256_max_ps(v.low, v.high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

inline V16 load(const float* p) {
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
inline void store(float* p, V16 v) {
  _mm256_storeu_ps(p, v.low);
  _mm256_storeu_ps(p + 8, v.high);
}
inline void store_operand(float* p, V16 v) {
  store(p, v);
}
inline V16 all(float value) {
  return {_mm256_set1_ps(value), _mm256_set1_ps(value)};
}

// The rest as in vit_kernels_wide.h.
inline V16 select(V16 mask, V16 a, V16 b) {
  return {_mm256_blendv_ps(b.low, a.low, mask.low), _mm256_blendv_ps(b.high, a.high, mask.high)};
}

inline V16 first_lanes(int count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const auto below = [&](int most) {
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(most), lanes));
  };
  return {below(count), below(count - 8)};
}

inline V16 times_power(V16 p, V16 bits) {
  const auto raised = [](__m256 value, __m256 exponent) {
    const __m256i shift = _mm256_slli_epi32(_mm256_castps_si256(exponent), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(value), shift));
  };
  return {raised(p.low, bits.low), raised(p.high, bits.high)};
}

#include "engine/vit_kernels_body.h"

// 6 rows of 16 columns: 12 sums in registers.
struct Product {
  using Operand = float;
  using Sum = float;
  static constexpr int kRows = 6, kPanels = 1, kDepth = 16, kStep = 1;
  static constexpr std::ptrdiff_t kResidentBytes = 0;

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
