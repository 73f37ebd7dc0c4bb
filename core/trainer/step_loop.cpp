// SPDX-License-Identifier: Apache-2.0
// Runs optimiser steps and keeps checkpoints.
#include "trainer/step_loop.h"

#include <algorithm>
#include <chrono>

namespace novelty {
namespace {

// A kill costs at most this much work; a checkpoint of ViT-Ti (68 MB) takes a fraction of a second.
constexpr std::chrono::seconds kCheckpointInterval{20};

constexpr std::size_t kLastSteps = 20;

}  // namespace

void run_steps(const StepLoop& loop, const WorkFolder& folder, std::vector<float>& record) {
  using Clock = std::chrono::steady_clock;
  auto saved = Clock::now();
  const auto save = [&] {
    folder.write_checkpoint(loop.stage, loop.export_state, record);
    saved = Clock::now();
  };
  for (std::size_t step = record.size() / loop.recorded; step < loop.steps; ++step) {
    loop.step(step, record);
    try {
      loop.tell(step + 1, record);
    } catch (...) {
      save();
      throw;
    }
    if (Clock::now() - saved > kCheckpointInterval || step + 1 == loop.steps) save();
  }
}

double mean_of_last(std::span<const float> record, std::size_t recorded, std::size_t which) {
  const std::size_t steps = record.size() / recorded, count = std::min(kLastSteps, steps);
  double sum = 0;
  for (std::size_t i = steps - count; i < steps; ++i) sum += double{record[i * recorded + which]};
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

}  // namespace novelty
