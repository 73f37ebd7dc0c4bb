// SPDX-License-Identifier: Apache-2.0
// One network on the device: its weights, and its pass over a batch of pictures.
#pragma once

#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/cuda/launch.h"
#include "engine/cuda/linear.h"

namespace novelty::cuda {

/// Immutable but for the plans of its layers.
class DeviceVit {
 public:
  /// Throws: Error(kUnsupported) for sizes that the kernels lack, (kResource) without memory.
  DeviceVit(const NetworkView& network, LinearLibrary& library);

  const VitConfig& config() const { return config_; }
  int tokens() const { return config_.token_count(); }

  /// Prepares for batches of `pictures`. Thread: one at a time, none in a pass.
  void plan(int pictures);

 private:
  friend class DevicePass;

  struct Norm {
    DeviceMemory<float> weight, bias;
    NormView view() const {
      return {reinterpret_cast<const Four*>(weight.data()),
              reinterpret_cast<const Four*>(bias.data())};
    }
  };
  struct Block {
    Norm norm1;
    Linear qkv, proj;
    Norm norm2;
    Linear fc1, fc2;
  };
  class Packer;

  VitConfig config_;
  std::unique_ptr<Linear> patch_;
  DeviceMemory<float> positions_;  // [tokens, width]; [CLS], the patches' bias, registers in it
  std::vector<Block> blocks_;
  Norm norm_;
};

/// The buffers of a pass of one network over up to `most` pictures.
class DevicePass {
 public:
  DevicePass(const DeviceVit& network, int most);

  /// Enqueues a pass. patches: [pictures, patch_count, patch_values] in [0, 1]. cls_attention:
  /// null, or [pictures, patch_count] of the last block. Thread: one. Throws: Error(kBackend).
  void run(int pictures, const Bf16Pair* patches, float* cls_attention, cudaStream_t stream);

  /// What the last pass leaves, of all pictures.
  LastRow last() const;

  PassShape shape(int pictures) const;

 private:
  const DeviceVit& network_;
  DeviceMemory<Four> x_;  // [most, tokens, width]
  DeviceMemory<Bf16Pair> normed_, qkv_, mixed_, hidden_;
  DeviceMemory<std::byte> workspace_;
};

}  // namespace novelty::cuda
