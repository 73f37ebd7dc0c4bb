// SPDX-License-Identifier: Apache-2.0
// Follows slow drift of the scores of normal frames; see Note [Drift].
#include "novelty/drift.h"

#include <algorithm>

#include "temporal/elapsed.h"

namespace novelty {

void DriftTracker::configure(double normal_score, const EventOptions& model,
                             const EventOptions& used) {
  normal_ = normal_score;
  bound_ = std::max(0.0, (std::min(model.threshold, used.threshold) - normal_score) / 2);
  novel_ = std::min(model.exit_threshold, used.exit_threshold);
  offset_ = std::clamp(offset_, -bound_, bound_);
}

void DriftTracker::push(std::int64_t time_ns, double score, bool frozen) {
  const double step = step_of(time_ns);
  if (frozen || score - offset_ >= novel_) return;
  const double wanted = score - normal_ - offset_;
  offset_ = std::clamp(offset_ + std::clamp(wanted, -step, step), -bound_, bound_);
}

// How far the offset may move for the time since the last frame; forgets it after a jump.
double DriftTracker::step_of(std::int64_t time_ns) {
  const std::int64_t last = last_ns_.value_or(time_ns);
  last_ns_ = time_ns;
  const std::int64_t passed = elapsed(std::min(last, time_ns), std::max(last, time_ns));
  if (passed > time_constant_ns_) {
    offset_ = 0;
    return 0;
  }
  return bound_ * static_cast<double>(std::min(passed, kLongestStepNs)) /
         static_cast<double>(time_constant_ns_);
}

void DriftTracker::reset() {
  offset_ = 0;
  last_ns_.reset();
}

}  // namespace novelty
