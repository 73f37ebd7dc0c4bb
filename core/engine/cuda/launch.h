// SPDX-License-Identifier: Apache-2.0
// The kernels' launches, as calls for a C++ compiler. All memory is the device's; nothing waits.
#pragma once

#include <cuda_runtime_api.h>

#include "engine/cuda/device_math.h"

namespace novelty::cuda {

/// Sizes of a pass: `pictures` of `tokens` tokens, [CLS] first, then those of `patches` and the
/// registers, `width` wide (a multiple of 4, at most 4096).
struct PassShape {
  int pictures = 0, tokens = 0, patches = 0, width = 0, heads = 0;

  int rows() const { return pictures * tokens; }
  int named_rows() const { return pictures * (1 + patches); }  ///< without the registers
  int fours() const { return width / 4; }
};

/// patches: [pictures, patches, width], embedded. positions: [tokens, width]. x, normed:
/// [pictures, tokens, width].
void launch_embed(const PassShape& shape, const Bf16Pair* patches, const float* positions, Four* x,
                  NormView norm, Bf16Pair* normed, cudaStream_t stream);

/// normed = LayerNorm(x).
void launch_normalise(const PassShape& shape, const Four* x, NormView norm, Bf16Pair* normed,
                      cudaStream_t stream);

/// qkv: [pictures, tokens, 3, width], queries scaled by log2(e) / sqrt(head size), which is 32 or
/// 64. Call prepare_attention before. mixed: [pictures, tokens, width].
void launch_attention(const PassShape& shape, const Bf16Pair* qkv, Bf16Pair* mixed,
                      cudaStream_t stream);

/// Lets launch_attention's kernels have the memory they need, on the current device.
void prepare_attention();

/// The [CLS] row of the attention over the patches, mean over heads: [pictures, patches].
void launch_cls_attention(const PassShape& shape, const Bf16Pair* qkv, float* attention,
                          cudaStream_t stream);

/// tokens: [pictures, 1 + patches, width] after the final norm, of length 1 if `shorten`.
void launch_finish(const PassShape& shape, LastRow last, bool shorten, Four* tokens,
                   cudaStream_t stream);

/// tokens: the teacher's, [pictures, 1 + patches, width], of length 1. discrepancy: [pictures,
/// patches]. shape: the teacher's; student_tokens: of a picture.
void launch_finish_pair(const PassShape& shape, LastRow teacher, LastRow student,
                        int student_tokens, Four* tokens, float* discrepancy, cudaStream_t stream);

}  // namespace novelty::cuda
