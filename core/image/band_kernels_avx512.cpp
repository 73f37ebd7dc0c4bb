// SPDX-License-Identifier: Apache-2.0
// Resampling by AVX-512.
#include <immintrin.h>

#include "image/band_kernels_table.h"

namespace novelty {
namespace {

using Lanes = __m512;
constexpr int kLanes = 16;

inline Lanes levels_at(const std::uint8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

// Pairs of rows, pairs of pairs, then quarters twice.
inline void turn_square(const float* from, std::ptrdiff_t stride, float* to) {
  __m512 a[kBandRows], b[kBandRows];
  for (int i = 0; i < kBandRows; i += 2) {
    const __m512 even = _mm512_loadu_ps(from + i * stride);
    const __m512 odd = _mm512_loadu_ps(from + (i + 1) * stride);
    a[i] = _mm512_unpacklo_ps(even, odd);
    a[i + 1] = _mm512_unpackhi_ps(even, odd);
  }
  for (int i = 0; i < kBandRows; i += 4) {
    for (int half = 0; half < 2; ++half) {
      const __m512d low = _mm512_castps_pd(a[i + half]), high = _mm512_castps_pd(a[i + 2 + half]);
      b[i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
      b[i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
    }
  }
  // b[4 g + c] has, of rows 4 g to 4 g + 3, the columns c, 4 + c, 8 + c and 12 + c.
  for (int c = 0; c < 4; ++c) {
    const __m512 even01 = _mm512_shuffle_f32x4(b[c], b[4 + c], 0x88);
    const __m512 odd01 = _mm512_shuffle_f32x4(b[c], b[4 + c], 0xdd);
    const __m512 even23 = _mm512_shuffle_f32x4(b[8 + c], b[12 + c], 0x88);
    const __m512 odd23 = _mm512_shuffle_f32x4(b[8 + c], b[12 + c], 0xdd);
    _mm512_storeu_ps(to + c * kBandRows, _mm512_shuffle_f32x4(even01, even23, 0x88));
    _mm512_storeu_ps(to + (4 + c) * kBandRows, _mm512_shuffle_f32x4(odd01, odd23, 0x88));
    _mm512_storeu_ps(to + (8 + c) * kBandRows, _mm512_shuffle_f32x4(even01, even23, 0xdd));
    _mm512_storeu_ps(to + (12 + c) * kBandRows, _mm512_shuffle_f32x4(odd01, odd23, 0xdd));
  }
}

#include "image/band_kernels_body.h"

}  // namespace

const BandKernels& avx512_band_kernels() {
  static constexpr BandKernels kKernels{"avx512", blend, filter, turn};
  return kKernels;
}

}  // namespace novelty
