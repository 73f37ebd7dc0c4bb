// SPDX-License-Identifier: Apache-2.0
// Which events of two models are the same ones.
#pragma once

#include <cstddef>
#include <vector>

#include "scoring_run.h"

namespace novelty {

/// Events of two models that overlap in time, directly or through others; one side may be empty.
struct EventMatch {
  std::vector<const FoundEvent*> before, after;  ///< each in time order

  bool kept() const { return !before.empty() && !after.empty(); }
  bool gone() const { return after.empty(); }
};

/// Matches the events of each input, in the order of the inputs and of time. Every event is in one
/// match; touching counts as overlap. before, after: as of score_videos on the same inputs; they
/// outlive the result.
std::vector<EventMatch> match_events(const std::vector<FoundEvent>& before,
                                     const std::vector<FoundEvent>& after);

}  // namespace novelty
