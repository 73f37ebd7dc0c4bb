// SPDX-License-Identifier: Apache-2.0
// Resampling without instructions of any one set.
#include "image/band_kernels_table.h"

namespace novelty {
namespace {

typedef float Lanes __attribute__((vector_size(16)));
constexpr int kLanes = 4;

inline Lanes levels_at(const std::uint8_t* p) {
  typedef std::uint8_t Bytes __attribute__((vector_size(4)));
  typedef std::int32_t Levels __attribute__((vector_size(16)));
  Bytes bytes;
  __builtin_memcpy(&bytes, p, sizeof bytes);
  return __builtin_convertvector(__builtin_convertvector(bytes, Levels), Lanes);
}

inline void turn_square(const float* from, std::ptrdiff_t stride, float* to) {
  for (int y = 0; y < kBandRows; ++y, from += stride) {
    for (int x = 0; x < kBandRows; ++x) to[x * kBandRows + y] = from[x];
  }
}

#include "image/band_kernels_body.h"

}  // namespace

const BandKernels& plain_band_kernels() {
  static constexpr BandKernels kKernels{"plain", blend, filter, turn};
  return kKernels;
}

}  // namespace novelty
