// SPDX-License-Identifier: Apache-2.0
// The kernels without intrinsics: for any machine, and the oracle of the others.
#include <cmath>

#include "engine/vit_kernels.h"
#include "engine/vit_kernels_table.h"

namespace novelty {
namespace {

#include "engine/vit_kernels_wide.h"

#include "engine/vit_kernels_body.h"

template <class OperandType, class PanelType, class SumType, int kGroup, int kDepthMultiple>
struct PlainProduct {
  using Operand = OperandType;
  using Sum = SumType;
  static constexpr int kRows = 32, kPanels = 1, kDepth = kDepthMultiple, kStep = kGroup;
  static constexpr std::ptrdiff_t kResidentBytes = 0;

  static SumType wide(float value) { return value; }
  static SumType wide(std::uint16_t value) { return float_of(value); }
  static SumType wide(std::uint8_t value) { return value; }
  static SumType wide(std::int8_t value) { return value; }

  static void compute(const Operand* a, std::ptrdiff_t stride, int rows, const Operand* panels,
                      std::ptrdiff_t /*panel_size*/, int /*panel_count*/, int depth, Sum* c,
                      std::ptrdiff_t c_stride) {
    const auto* b = reinterpret_cast<const PanelType*>(panels);
    for (int r = 0; r < rows; ++r) {
      Sum sums[kPanelColumns] = {};
      for (int k = 0; k < depth; ++k) {
        const Sum value = wide(a[r * stride + k]);
        const PanelType* lanes = b + k / kGroup * kGroup * kPanelColumns + k % kGroup;
        for (int i = 0; i < kPanelColumns; ++i) sums[i] += value * wide(lanes[i * kGroup]);
      }
      for (int i = 0; i < kPanelColumns; ++i) c[r * c_stride + i] = sums[i];
    }
  }

  static void finish(int, int, Sum*, std::ptrdiff_t) {}
};

using Float = PlainProduct<float, float, float, 1, 16>;
using Bfloat16 = PlainProduct<std::uint16_t, std::uint16_t, float, 2, 32>;
using Int8 = PlainProduct<std::uint8_t, std::int8_t, std::int32_t, 4, 64>;

constexpr VitKernels kTables[] = {
    table_of<Float, Float>("plain", Precision::kFloat32, nothing, nothing),
    table_of<Bfloat16, Bfloat16>("plain", Precision::kBfloat16, nothing, nothing),
    table_of<Int8, Bfloat16>("plain", Precision::kInt8, nothing, nothing)};

}  // namespace

const VitKernels* plain_kernels(Precision precision) {
  return &kTables[static_cast<int>(precision)];
}

}  // namespace novelty
