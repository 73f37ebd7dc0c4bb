// SPDX-License-Identifier: Apache-2.0
// The two passes of resampling over 16 output rows at a time, for one instruction set. What the
// sets give differs by float32's roundings alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace novelty {

/// Output rows that are made together.
inline constexpr int kBandRows = 16;

/// What each of `count` output rows is a sum of: rows data[i] + k * stride_bytes with
/// weights[i][k], k < taps[i].
struct BandTaps {
  int count = 0;  ///< 1 to kBandRows
  std::ptrdiff_t stride_bytes = 0;
  const std::uint8_t* data[kBandRows] = {};
  const float* weights[kBandRows] = {};
  int taps[kBandRows] = {};
};

/// What each of `count` output columns is a sum of: samples first[i] + k with
/// weights[i * padded_taps + k], k < taps[i].
struct ColumnTaps {
  int count = 0;
  int padded_taps = 0;
  const int* first = nullptr;
  const int* taps = nullptr;
  const float* weights = nullptr;
};

/// A band has its 16 rows side by side: [columns, 16] float32, so that a column is a vector.
struct BandKernels {
  const char* isa;

  /// band: [row_bytes filled up to a multiple of 16, 16]; rows beyond `taps.count` are zero.
  void (*blend)(const BandTaps& taps, int row_bytes, float* band);

  /// out: [columns.count, 16]. Sample i of a row is column offset + i * step of `band`.
  void (*filter)(const ColumnTaps& columns, const float* band, int offset, int step, float* out);

  /// Square by square: from [columns, 16] with `columns` a multiple of 16 to rows of 16, square s's
  /// row r at to + s * square_stride + r * 16.
  void (*turn)(const float* from, int columns, std::ptrdiff_t square_stride, float* to);
};

/// Those of the best instruction set of this machine. Thread: any.
const BandKernels& band_kernels();

/// Null where the machine or the build lacks them. "plain", "avx2", "avx512". Thread: any.
const BandKernels* band_kernels_of(const char* isa);

}  // namespace novelty
