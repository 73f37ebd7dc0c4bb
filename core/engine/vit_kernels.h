// SPDX-License-Identifier: Apache-2.0
// What a Vision Transformer is made of, as kernels for one instruction set and precision.
//
// Note [Layout of the operands]
// Every product is rows times panels. A row-major operand [rows, depth] holds float, bfloat16 or
// uint8; its depth is padded with zeros to VitKernels::depth_multiple. The other operand is cut
// into panels of kPanelColumns output columns; a panel is [depth / group][kPanelColumns][group],
// group being what a 32-bit lane holds: 1 float, 2 bfloat16, 4 int8. So one layout suits a vector
// register and an AMX tile alike, and keys and values are panels as weights are:
// - keys of a head: output columns are tokens, depth is the head's size;
// - values of a head: output columns are the head's dimensions, depth is the tokens.
//
// Note [int8]
// A few channels after GELU are far larger than the rest, which one unit for all of them would
// drown: that layer alone made more than half of the error of all. It stays in bfloat16, as
// attention does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace novelty {

enum class Precision { kFloat32, kBfloat16, kInt8 };

inline constexpr int kPanelColumns = 16;  ///< depths are multiples of it, too

/// Operands with rows are allocated for a multiple of it: a kernel may read and write up to there.
inline constexpr int kRowMultiple = 32;

/// A linear layer. Owned by the packed network.
struct PackedLinear {
  const void* panels = nullptr;
  const float* bias = nullptr;   ///< [kPanelColumns * panel_count]
  const float* scale = nullptr;  ///< the same; int8: what one unit of the sum is worth
  int depth = 0;                 ///< padded
  int panel_count = 0;
};

struct PackedNorm {
  const float* weight = nullptr;  ///< [width]
  const float* bias = nullptr;    ///< [width]
};

/// Row-major values: float where a precision says nothing else.
struct Rows {
  void* data = nullptr;
  std::ptrdiff_t stride = 0;  ///< in elements
};

/// Queries, keys and values of one block. See Note [Layout of the operands].
struct AttentionOperands {
  Rows queries;            ///< [tokens, width], scaled by log2(e) / sqrt(head_size)
  void* keys = nullptr;    ///< [heads][padded_tokens / 16] panels
  void* values = nullptr;  ///< [heads][head_size / 16] panels
  int width = 0;
  int heads = 0;
  int head_size = 0;  ///< a multiple of 32
  int tokens = 0;
  int padded_tokens = 0;             ///< a multiple of kRowMultiple
  const float* out_scale = nullptr;  ///< [width]; int8: units per value of what attend gives
};

/// All functions: rows [first, first + count); first is a multiple of kRowMultiple.
struct RowRange {
  int first = 0;
  int count = 0;
};

/// The kernels of one instruction set and precision. Thread: any; buffers of one call are its own.
struct VitKernels {
  const char* isa;  ///< "plain", "avx2", "avx512" or "amx"
  Precision precision;
  int depth_multiple;         ///< operands of linear layers are padded to it
  std::size_t operand_bytes;  ///< of a value of a linear layer's operand
  int half_multiple;          ///< the same, of what int8 leaves in bfloat16: see Note [int8]
  std::size_t half_bytes;     ///< of queries, keys, values, and of what GELU gives
  /// Layers of at most so many bytes of weights expect them in the cache, from the rows before; 0:
  /// none do, and rows are best taken all at once.
  std::ptrdiff_t resident_bytes;

  /// Around the calls below, on the thread that makes them.
  void (*begin)();
  void (*end)();

  /// patches [range.count, values] become rows of operands, padded with zeros.
  void (*load_patches)(const float* patches, int values, RowRange range, const Rows& out,
                       int depth);

  /// out = layer norm of x (float [., width]), as operands.
  void (*layer_norm)(const Rows& x, int width, const PackedNorm& norm, RowRange range,
                     const Rows& out);

  /// The same, as float.
  void (*final_norm)(const Rows& x, int width, const PackedNorm& norm, RowRange range,
                     const Rows& out);

  /// x (float) += a * linear + bias.
  void (*add_linear)(const Rows& a, const PackedLinear& linear, RowRange range, const Rows& x);

  /// The same where a has values of half_bytes, and the layer's panels too.
  void (*add_half_linear)(const Rows& a, const PackedLinear& linear, RowRange range, const Rows& x);

  /// out (of half_bytes) = gelu(a * linear + bias).
  void (*gelu_linear)(const Rows& a, const PackedLinear& linear, RowRange range, const Rows& out);

  /// Queries, keys and values of a * linear + bias, 3 * width columns.
  void (*qkv_linear)(const Rows& a, const PackedLinear& linear, RowRange range,
                     const AttentionOperands& out);

  /// out (operands [., width]) = softmax(queries * keys) * values. scratch: attention_scratch
  /// bytes. cls_attention: null, or [tokens] of row 0, mean over the heads (range has row 0).
  void (*attend)(const AttentionOperands& in, RowRange range, std::byte* scratch, const Rows& out,
                 float* cls_attention);
};

/// How many bytes of scratch VitKernels::attend needs, at an address of a multiple of 64.
constexpr std::size_t attention_scratch(int padded_tokens) {
  return std::size_t{kRowMultiple} * static_cast<std::size_t>(padded_tokens) * 2 * sizeof(float);
}

/// Instruction sets in ascending order: each has all of those before it.
enum class Isa { kPlain, kAvx2, kAvx512, kAmx };

/// Null where the instruction set adds nothing to the precision, or the machine or the build lacks
/// it. AMX is asked of the kernel, for the whole process, when first looked for. Thread: any.
const VitKernels* kernels_or_null(Isa isa, Precision precision);

}  // namespace novelty
