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

/// A student before training: see docs/method.md for the distributions; its position embedding is
/// the fixed 2-D sine-cosine one (zero for [CLS]).
VitWeights init_student(const VitConfig& config, std::uint64_t seed);

/// The stand-in for a teacher when no weights are at hand: spread wide enough that its tokens tell
/// patches apart. Demonstration only.
VitWeights init_untrained_teacher(const VitConfig& config, std::uint64_t seed);

}  // namespace novelty
