// SPDX-License-Identifier: Apache-2.0
// A network's weights as the kernels read them. See Note [Layout of the operands].
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/vit_kernels.h"

namespace novelty {

/// Memory that is zero, aligned to 64 bytes and freed as a whole; on huge pages where there are
/// any.
class Arena {
 public:
  /// Throws: std::bad_alloc.
  void* allocate(std::size_t bytes);

 private:
  struct Free {
    void operator()(std::byte* chunk) const {
      ::operator delete[](chunk, std::align_val_t{kHugePage});
    }
  };
  static constexpr std::size_t kHugePage = std::size_t{1} << 21;

  std::vector<std::unique_ptr<std::byte[], Free>> chunks_;
  std::size_t free_ = 0, used_ = 0;  // of the last chunk, in bytes
};

/// Immutable, shared by threads.
class PackedVit {
 public:
  struct Block {
    PackedNorm norm1;
    PackedLinear qkv, proj;
    PackedNorm norm2;
    PackedLinear fc1, fc2;
    const float* mix_scale = nullptr;  // see AttentionOperands::out_scale
  };

  /// Throws: Error (kFormat: a tensor is missing or misshapen; kUnsupported: sizes that the kernels
  /// cannot take; kSettings: int8 without the network's activation ranges).
  PackedVit(const NetworkView& network, const VitKernels& kernels);

  const VitConfig& config() const { return config_; }
  const VitKernels& kernels() const { return *kernels_; }
  int tokens() const { return config_.token_count(); }
  int layers() const { return layers_; }  ///< that are compared: TokenComparison::layers

  PackedLinear patch;                ///< without bias, which is in `positions`
  const float* positions = nullptr;  ///< [tokens, width]; what a token is before its patch is added
  std::vector<Block> blocks;
  PackedNorm norm;
  PackedLinear head;                         ///< in float32; without panels where there is none
  const VitKernels* head_kernels = nullptr;  ///< for it
  int output_width = 0;                      ///< of a token, after the head

 private:
  friend class VitPacker;

  VitConfig config_;
  const VitKernels* kernels_;
  int layers_;
  Arena arena_;
};

}  // namespace novelty
