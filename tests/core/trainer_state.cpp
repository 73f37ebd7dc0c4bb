// SPDX-License-Identifier: Apache-2.0
// Copies of a trainer's tensors, and gradients against finite differences.
#include "trainer_state.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace novelty::testing {

StudentTrainer::Sink TrainerState::sink() {
  return [this](const std::string& name, const TensorView& tensor) {
    auto& copy = bytes[name];
    copy.assign(tensor.data.begin(), tensor.data.end());
    tensors[name] = {tensor.dtype, tensor.shape, copy};
  };
}

std::vector<float> TrainerState::floats(const std::string& name) const {
  return to_floats(tensors.at(name), name);
}

void expect_gradients(const TrainerState& state, const VitWeights& weights,
                      const std::vector<std::string>& names,
                      const std::function<double(const VitWeights&)>& loss_at, double share,
                      double floor) {
  Rng rng(11);
  for (const std::string& name : names) {
    const auto gradient = state.floats("moment1." + name);
    double length = 0;
    for (const float value : gradient) length += double{value} * value;
    length = std::sqrt(length);
    ASSERT_GT(length, 1e-5) << name;
    // Half along the gradient, half at random, so that the derivative is far from zero.
    std::vector<double> direction;
    double slope = 0, size = 0;
    for (const float value : gradient) {
      const double spread = std::sqrt(static_cast<double>(gradient.size()));
      direction.push_back(value / length + rng.normal() / spread);
      slope += direction.back() * value;
      size += direction.back() * direction.back();
    }
    const double h = 0.02 / std::sqrt(size);
    VitWeights up = weights, down = weights;
    for (std::size_t i = 0; i < direction.size(); ++i) {
      up[name][i] += static_cast<float>(h * direction[i]);
      down[name][i] -= static_cast<float>(h * direction[i]);
    }
    const double difference = (loss_at(up) - loss_at(down)) / (2 * h);
    EXPECT_NEAR(difference, slope, share * std::abs(slope) + floor) << name;
  }
}

}  // namespace novelty::testing
