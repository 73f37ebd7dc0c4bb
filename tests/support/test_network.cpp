// SPDX-License-Identifier: Apache-2.0
// Small networks of random weights, as the engine takes them.
#include "test_network.h"

#include "base/rng.h"

namespace novelty::testing {

VitConfig tiny_config(int depth) {
  VitConfig config;
  config.input_size = 64;
  config.patch_size = 16;
  config.width = 64;
  config.depth = depth;
  config.heads = 1;
  config.mlp_width = 256;
  return config;
}

VitWeights teacher_of(const VitConfig& config, std::uint64_t seed) {
  VitWeights weights = init_untrained_teacher(config, seed);
  Rng rng(seed + 1);
  if (config.registers > 0)
    for (float& value : weights.at("reg_token")) value = static_cast<float>(rng.uniform());
  return weights;
}

NetworkView network_of(const VitConfig& config, const VitWeights& weights) {
  NetworkView network;
  network.config = config;
  const auto shapes = vit_tensor_shapes(config);
  for (const auto& [name, values] : weights) {
    network.tensors[name] = view_of(values, shapes.at(name));
  }
  return network;
}

}  // namespace novelty::testing
