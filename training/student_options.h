// SPDX-License-Identifier: Apache-2.0
// The options of how a student is trained, for the commands that train one.
#pragma once

#include <vector>

#include "command_line.h"
#include "novelty/trainer.h"

namespace novelty {

/// What GOption fills; 0, or no text: the preset's.
struct StudentOptions {
  TextOption mask, normalisation, loss;
  gdouble mask_ratio = TrainingOptions{}.mask_ratio;
  gint64 layers = 0, width = 0, depth = 0, epochs = 0;

  std::vector<GOptionEntry> entries();

  /// Throws: UsageError.
  void apply(TrainingOptions& training) const;
};

}  // namespace novelty
