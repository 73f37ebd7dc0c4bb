// SPDX-License-Identifier: Apache-2.0
// The kernels in terms of vectors of kLanes floats (16 or a part of it). Included by one source
// file an instruction set, inside its anonymous namespace; that file defines before: Lanes, kLanes,
// levels_at (kLanes bytes as floats) and turn_square (a square of 16 rows of floats `stride` apart
// becomes one of 16 columns, rows side by side).
// NOLINTBEGIN(misc-definitions-in-headers)

constexpr int kStripBytes = 64;  // a cache line is blended together
constexpr int kRowLanes = kBandRows / kLanes;

inline Lanes load(const float* p) {
  Lanes v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Lanes v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// Row `row` of the strip of bytes from `x`, of which `count` are there.
template <bool kWhole>
inline void blend_row(const BandTaps& taps, int row, std::ptrdiff_t x, std::size_t count,
                      float* strip) {
  const std::uint8_t* from = taps.data[row] + x;
  const float* weights = taps.weights[row];
  Lanes sums[kStripBytes / kLanes] = {};
  for (int k = 0; k < taps.taps[row]; ++k, from += taps.stride_bytes) {
    const std::uint8_t* bytes = from;
    std::uint8_t rest[kStripBytes];
    if constexpr (kWhole) {
      __builtin_prefetch(from + 2 * kStripBytes - 1);  // the end of the next strip
    } else {
      __builtin_memset(rest, 0, sizeof rest);
      __builtin_memcpy(rest, from, count);
      bytes = rest;
    }
    for (int i = 0; i < kStripBytes / kLanes; ++i)
      sums[i] = sums[i] + levels_at(bytes + i * kLanes) * weights[k];
  }
  for (int i = 0; i < kStripBytes / kLanes; ++i) store(strip + i * kLanes, sums[i]);
}

void blend(const BandTaps& taps, int row_bytes, float* band) {
  alignas(64) float strip[kBandRows][kStripBytes] = {};
  for (int x = 0; x < row_bytes; x += kStripBytes) {
    const int count = row_bytes - x < kStripBytes ? row_bytes - x : kStripBytes;
    for (int row = 0; row < taps.count; ++row) {
      if (count == kStripBytes) {
        blend_row<true>(taps, row, x, kStripBytes, strip[row]);
      } else {
        blend_row<false>(taps, row, x, static_cast<std::size_t>(count), strip[row]);
      }
    }
    float* to = band + std::ptrdiff_t{x} * kBandRows;
    for (int i = 0; i < count; i += kBandRows, to += kBandRows * kBandRows)
      turn_square(strip[0] + i, kStripBytes, to);
  }
}

void filter(const ColumnTaps& columns, const float* band, int offset, int step, float* out) {
  const float* weights = columns.weights;
  const std::ptrdiff_t stride = std::ptrdiff_t{step} * kBandRows;
  for (int o = 0; o < columns.count; ++o, weights += columns.padded_taps, out += kBandRows) {
    const float* from = band + std::ptrdiff_t{offset} * kBandRows + columns.first[o] * stride;
    Lanes sums[kRowLanes] = {};
    for (int k = 0; k < columns.taps[o]; ++k, from += stride) {
      for (int i = 0; i < kRowLanes; ++i) sums[i] = sums[i] + load(from + i * kLanes) * weights[k];
    }
    for (int i = 0; i < kRowLanes; ++i) store(out + i * kLanes, sums[i]);
  }
}

void turn(const float* from, int columns, std::ptrdiff_t square_stride, float* to) {
  for (int x = 0; x < columns; x += kBandRows, to += square_stride)
    turn_square(from + std::ptrdiff_t{x} * kBandRows, kBandRows, to);
}
// NOLINTEND(misc-definitions-in-headers)
