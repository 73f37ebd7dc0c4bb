// SPDX-License-Identifier: Apache-2.0
// Small networks of random weights, as the engine takes them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/backend.h"
#include "nn/init.h"

namespace novelty::testing {

/// Sizes of tiny_config.
inline constexpr std::size_t kTinyPatches = 16, kTinyPatchValues = 768, kTinyWidth = 64;

/// Input 64, patch 16 (16 patches), width 64, one head.
VitConfig tiny_config(int depth = 1);

/// An untrained teacher whose registers, if it has any, matter.
VitWeights teacher_of(const VitConfig& config, std::uint64_t seed);

/// `weights` of `config` as a network; they must outlive it.
NetworkView network_of(const VitConfig& config, const VitWeights& weights);

}  // namespace novelty::testing
