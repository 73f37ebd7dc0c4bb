// SPDX-License-Identifier: Apache-2.0
// AMX, with AVX-512 between the products: bfloat16 and int8.
#include <immintrin.h>

#include <cmath>

#include "engine/vit_kernels_table.h"

namespace novelty {
namespace {

#include "engine/vit_kernels_wide.h"

#include "engine/vit_kernels_body.h"

// All tiles: 16 rows of 64 bytes. Static, as the compiler does not see how much of it is read.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constinit const TileConfig kTileConfig;

void begin() {
  _tile_loadconfig(&kTileConfig);
}

void end() {
  _tile_release();
}

// Tiles are named by literals alone.
#define NOVELTY_MULTIPLY(sum, a, b)     \
  do {                                  \
    if constexpr (sizeof(Operand) == 2) \
      _tile_dpbf16ps(sum, a, b);        \
    else                                \
      _tile_dpbusd(sum, a, b);          \
  } while (false)

// Tiles 0 to 3 hold the sums of 2 by 2, 4 and 5 rows of a, 6 and 7 panels.
template <class OperandType, class SumType>
struct Product {
  using Operand = OperandType;
  using Sum = SumType;
  static constexpr int kRows = 32, kPanels = 2, kDepth = 64 / sizeof(Operand), kStep = kDepth;
  static constexpr std::ptrdiff_t kResidentBytes = 786432;

  template <int kTilesDown, int kTilesAcross>
  static void tiles_of(const Operand* a, std::ptrdiff_t stride, const Operand* panels,
                       std::ptrdiff_t panel_size, int depth) {
    const std::ptrdiff_t stride_bytes = stride * static_cast<std::ptrdiff_t>(sizeof(Operand));
    const Operand* lower = a + 16 * stride;
    const Operand* right = panels + panel_size;
    asm volatile("" ::: "memory");  // what the tiles are loaded from has been written by now
    _tile_zero(0);
    if constexpr (kTilesAcross == 2) _tile_zero(1);
    if constexpr (kTilesDown == 2) _tile_zero(2);
    if constexpr (kTilesDown == 2 && kTilesAcross == 2) _tile_zero(3);
    // A tile is loaded again as soon as the last product that reads it has been issued.
    _tile_loadd(4, a, stride_bytes);
    _tile_loadd(6, panels, 64);
    if constexpr (kTilesDown == 2) _tile_loadd(5, lower, stride_bytes);
    if constexpr (kTilesAcross == 2) _tile_loadd(7, right, 64);
    for (int k = kDepth; k < depth; k += kDepth) {
      const Operand* next = panels + k * kPanelColumns;
      NOVELTY_MULTIPLY(0, 4, 6);
      if constexpr (kTilesAcross == 2) NOVELTY_MULTIPLY(1, 4, 7);
      _tile_loadd(4, a + k, stride_bytes);
      if constexpr (kTilesDown == 2) NOVELTY_MULTIPLY(2, 5, 6);
      _tile_loadd(6, next, 64);
      if constexpr (kTilesDown == 2 && kTilesAcross == 2) NOVELTY_MULTIPLY(3, 5, 7);
      if constexpr (kTilesDown == 2) _tile_loadd(5, lower + k, stride_bytes);
      if constexpr (kTilesAcross == 2) _tile_loadd(7, next + panel_size, 64);
    }
    NOVELTY_MULTIPLY(0, 4, 6);
    if constexpr (kTilesAcross == 2) NOVELTY_MULTIPLY(1, 4, 7);
    if constexpr (kTilesDown == 2) NOVELTY_MULTIPLY(2, 5, 6);
    if constexpr (kTilesDown == 2 && kTilesAcross == 2) NOVELTY_MULTIPLY(3, 5, 7);
  }

  static void compute(const Operand* a, std::ptrdiff_t stride, int rows, const Operand* panels,
                      std::ptrdiff_t panel_size, int panel_count, int depth, Sum* /*c*/,
                      std::ptrdiff_t /*c_stride*/) {
    if (rows > 16 && panel_count == 2) return tiles_of<2, 2>(a, stride, panels, panel_size, depth);
    if (rows > 16) return tiles_of<2, 1>(a, stride, panels, panel_size, depth);
    if (panel_count == 2) return tiles_of<1, 2>(a, stride, panels, panel_size, depth);
    tiles_of<1, 1>(a, stride, panels, panel_size, depth);
  }

  static void finish(int rows, int panel_count, Sum* c, std::ptrdiff_t c_stride) {
    const std::ptrdiff_t stride_bytes = c_stride * static_cast<std::ptrdiff_t>(sizeof(Sum));
    _tile_stored(0, c, stride_bytes);
    if (panel_count == 2) _tile_stored(1, c + kPanelColumns, stride_bytes);
    if (rows > 16) _tile_stored(2, c + 16 * c_stride, stride_bytes);
    if (rows > 16 && panel_count == 2) {
      _tile_stored(3, c + 16 * c_stride + kPanelColumns, stride_bytes);
    }
  }
};

using Bfloat16 = Product<std::uint16_t, float>;
using Int8 = Product<std::uint8_t, std::int32_t>;

constexpr VitKernels kTables[] = {
    table_of<Bfloat16, Bfloat16>("amx", Precision::kBfloat16, begin, end),
    table_of<Int8, Bfloat16>("amx", Precision::kInt8, begin, end)};

}  // namespace

const VitKernels* amx_kernels(Precision precision) {
  return &kTables[precision == Precision::kInt8];
}

}  // namespace novelty
