// SPDX-License-Identifier: Apache-2.0
// Ranges of activations, by name.
#include "engine/range_finder.h"

#include "engine/cpu_engine.h"

namespace novelty {

RangeFinder::RangeFinder(const NetworkView& network)
    : network_(network, kernels_for({})), pass_(network_, 1) {
  const auto width = static_cast<std::size_t>(network.config.width);
  const std::vector<float> none(width);
  blocks_.assign(static_cast<std::size_t>(network.config.depth), {none, none, none});
  pass_.observe(&blocks_);
}

TensorMap RangeFinder::ranges() const {
  constexpr std::array kLayers{"attn.qkv", "attn.proj", "mlp.fc1"};
  TensorMap ranges;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    for (std::size_t layer = 0; layer < kLayers.size(); ++layer) {
      const auto& columns = blocks_[i].at(layer);
      ranges["blocks." + std::to_string(i) + "." + kLayers.at(layer)] =
          view_of(columns, {static_cast<std::int64_t>(columns.size())});
    }
  }
  return ranges;
}

}  // namespace novelty
