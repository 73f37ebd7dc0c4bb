// SPDX-License-Identifier: Apache-2.0
// Owned copies of what a TeacherTuner hands out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/backend.h"

namespace novelty::testing {

struct TunerState {
  std::map<std::string, std::vector<std::byte>> bytes;
  TensorMap tensors;  // point into `bytes`

  TeacherTuner::Sink sink() {
    return [this](const std::string& name, const TensorView& tensor) {
      auto& copy = bytes[name];
      copy.assign(tensor.data.begin(), tensor.data.end());
      tensors[name] = {tensor.dtype, tensor.shape, copy};
    };
  }

  std::vector<float> floats(const std::string& name) const {
    return to_floats(tensors.at(name), name);
  }
};

inline TunerState state_of(TeacherTuner& tuner) {
  TunerState state;
  tuner.export_state(state.sink());
  return state;
}

}  // namespace novelty::testing
