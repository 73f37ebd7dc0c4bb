// SPDX-License-Identifier: Apache-2.0
// Turns false alarms of a trained model into normality, without training.
#pragma once

#include <cstddef>
#include <string>

#include "novelty/export.h"
#include "novelty/recalibration.h"
#include "novelty/trainer.h"

namespace novelty {

struct FeedbackOptions {
  std::string model;   ///< the bundle to read
  std::string output;  ///< the bundle to write, may be `model`
  int threads = 0;     ///< 1 to 64; 0 = all cores
};

/// What feedback did.
struct FeedbackReport {
  std::size_t pictures = 0;
  std::size_t novel_before = 0, novel_after = 0;  ///< pictures at or over the threshold
  double highest_before = 0, highest_after = 0;   ///< image score of the pictures
  std::size_t added = 0;                          ///< exceptions
  std::size_t known = 0;                          ///< exceptions there were before
  std::size_t most = 0;                           ///< exceptions that a model can hold
  bool full = false;  ///< some were left out, as the model holds no more
  double threshold = 0;
  std::string model_id;
};

/// Declares what `source` shows to be normal: what the teacher says of a patch that is not becomes
/// an exception, which holds at that patch and its eight neighbours. Networks and thresholds stay.
/// The pictures are scored twice. Written atomically. Thread: any, one run per output.
/// Throws: Error (kUnsupported: a model without density).
NOVELTY_API FeedbackReport declare_normal(FrameSource& source, const FeedbackOptions& options,
                                          const ModelUpdateCallback& callback = {});

/// Removes all exceptions and returns how many there were. Opens no backend. Throws: Error.
NOVELTY_API std::size_t forget_feedback(const FeedbackOptions& options);

}  // namespace novelty
