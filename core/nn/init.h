// SPDX-License-Identifier: Apache-2.0
// Seeded random weights of a Vision Transformer. Free of torch.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nn/vit_config.h"

namespace novelty {

/// Float32 values by timm name, as laid out by vit_tensor_shapes.
using VitWeights = std::map<std::string, std::vector<float>>;

/// A student before training: every linear layer and the patch embedding Xavier-uniform, biases 0,
/// norms 1, [CLS] N(0, 0.02). The position embedding is the fixed 2-D sine-cosine one, zero for
/// [CLS], a patch's row being sin(x w), cos(x w), sin(y w), cos(y w) of its column x and row y,
/// each width / 4 values with w = 10000^(-i / (width / 4)). A pure function of its arguments.
/// Throws: Error(kSettings) on sizes that cannot be.
VitWeights init_student(const VitConfig& config, std::uint64_t seed);

/// A linear layer [outputs, inputs] before training, Xavier-uniform. A pure function of its
/// arguments.
std::vector<float> init_linear(std::int64_t outputs, std::int64_t inputs, std::uint64_t seed);

/// The stand-in for a teacher when no weights are at hand: its tokens tell patches apart by their
/// structure. Demonstration only. A pure function of its arguments.
/// Throws: Error(kSettings) on sizes that cannot be.
VitWeights init_untrained_teacher(const VitConfig& config, std::uint64_t seed);

}  // namespace novelty
