// SPDX-License-Identifier: Apache-2.0
// What a trainer hands out, and whether the gradients in it are right.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "nn/init.h"

namespace novelty::testing {

/// Owned copies of tensors that were handed out.
struct TrainerState {
  std::map<std::string, std::vector<std::byte>> bytes;
  TensorMap tensors;  // point into `bytes`

  StudentTrainer::Sink sink();
  std::vector<float> floats(const std::string& name) const;
};

/// Of any trainer with export_state.
template <class Trainer>
TrainerState state_of(Trainer& trainer) {
  TrainerState state;
  trainer.export_state(state.sink());
  return state;
}

/// Checks the gradients of the tensors `names`: the first moments in `state`, which is after one
/// step from `weights` with beta1 0 and gradients as they are. loss_at: the loss of other weights.
/// Allowed is `share` of the slope, and `floor` for the rounding of the losses.
void expect_gradients(const TrainerState& state, const VitWeights& weights,
                      const std::vector<std::string>& names,
                      const std::function<double(const VitWeights&)>& loss_at, double share,
                      double floor);

}  // namespace novelty::testing
