// SPDX-License-Identifier: Apache-2.0
// The optimiser steps of a training stage, with a checkpoint so that a run can be gone on with.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "trainer/work_folder.h"

namespace novelty {

/// A stage as run_steps needs it.
struct StepLoop {
  std::string stage;         ///< name of its checkpoint
  std::size_t steps = 0;     ///< in all
  std::size_t recorded = 1;  ///< values that a step leaves behind
  std::function<void(std::size_t step, std::vector<float>& record)> step;  ///< adds its values
  std::function<void(std::size_t done, const std::vector<float>& record)> tell;  ///< after each
  std::function<void(const StudentTrainer::Sink&)> export_state;
};

/// Does the steps that `record`, [steps done, recorded], lacks. Keeps a checkpoint at least every
/// 20 s, after the last step, and when `tell` throws, which ends the run.
void run_steps(const StepLoop& loop, const WorkFolder& folder, std::vector<float>& record);

/// Mean of value `which` over the last 20 steps of `record`, [steps, recorded]; 0 of none.
double mean_of_last(std::span<const float> record, std::size_t recorded = 1, std::size_t which = 0);

}  // namespace novelty
