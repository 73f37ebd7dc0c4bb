// SPDX-License-Identifier: Apache-2.0
// Resampling by AVX2 with FMA.
#include <immintrin.h>

#include "image/band_kernels_table.h"

namespace novelty {
namespace {

using Lanes = __m256;
constexpr int kLanes = 8;

inline Lanes levels_at(const std::uint8_t* p) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
}

// Eight rows of eight: pairs of rows, pairs of pairs, then halves.
inline void turn_eight(const float* from, std::ptrdiff_t stride, float* to) {
  __m256 a[8], b[8];
  for (int i = 0; i < 8; i += 2) {
    const __m256 even = _mm256_loadu_ps(from + i * stride);
    const __m256 odd = _mm256_loadu_ps(from + (i + 1) * stride);
    a[i] = _mm256_unpacklo_ps(even, odd);
    a[i + 1] = _mm256_unpackhi_ps(even, odd);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int half = 0; half < 2; ++half) {
      const __m256d low = _mm256_castps_pd(a[i + half]), high = _mm256_castps_pd(a[i + 2 + half]);
      b[i + 2 * half] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, high));
      b[i + 2 * half + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, high));
    }
  }
  for (int c = 0; c < 4; ++c) {
    _mm256_storeu_ps(to + c * kBandRows, _mm256_permute2f128_ps(b[c], b[4 + c], 0x20));
    _mm256_storeu_ps(to + (4 + c) * kBandRows, _mm256_permute2f128_ps(b[c], b[4 + c], 0x31));
  }
}

inline void turn_square(const float* from, std::ptrdiff_t stride, float* to) {
  for (int y = 0; y < kBandRows; y += 8) {
    for (int x = 0; x < kBandRows; x += 8)
      turn_eight(from + y * stride + x, stride, to + x * kBandRows + y);
  }
}

#include "image/band_kernels_body.h"

}  // namespace

const BandKernels& avx2_band_kernels() {
  static constexpr BandKernels kKernels{"avx2", blend, filter, turn};
  return kKernels;
}

}  // namespace novelty
