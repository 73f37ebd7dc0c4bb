// SPDX-License-Identifier: Apache-2.0
// Sets the thresholds of a trained model anew; the networks stay as they are.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "novelty/export.h"
#include "novelty/model_info.h"
#include "novelty/trainer.h"

namespace novelty {

/// Called with the pictures done and to do, on the calling thread; return false to stop
/// (Error(kCancelled) is thrown and nothing is written).
using ModelUpdateCallback = std::function<bool(std::size_t done, std::size_t total)>;

struct RecalibrationOptions {
  std::string model;                      ///< the bundle to read
  std::string output;                     ///< the bundle to write, may be `model`
  std::optional<double> target_per_hour;  ///< false alarms an hour, (0, 3600); none = the model's
  int threads = 0;                        ///< 1 to 64; 0 = all cores
};

/// Scores `source`, normal footage that the model has not learnt from, and replaces threshold,
/// p-values and the map's scale by what it says. Pictures a second should be those of live use:
/// smoothing and durations of events are in seconds. Keeps a number a picture in memory. Written
/// atomically: `output` is the old file or the new one. Returns the new model's facts.
/// Thread: any, one run per output. Throws: Error.
NOVELTY_API ModelInfo recalibrate(FrameSource& source, const RecalibrationOptions& options,
                                  const ModelUpdateCallback& callback = {});

/// Sets the threshold for options.target_per_hour from the footage that the model was calibrated
/// on. Opens no backend. Throws: Error, also without a target.
NOVELTY_API ModelInfo retarget(const RecalibrationOptions& options);

}  // namespace novelty
