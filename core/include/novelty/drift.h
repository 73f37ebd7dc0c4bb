// SPDX-License-Identifier: Apache-2.0
// Follows slow drift of the scores of normal frames, so that light and season are no novelty.
#pragma once

#include <cstdint>
#include <optional>

#include "novelty/events.h"
#include "novelty/export.h"

namespace novelty {

/// Note [Drift]
/// The offset is what the running median of normal scores lies over that of the calibration; it is
/// subtracted from a score before anything is decided. It goes up while scores are over its median
/// and down while they are under, by at most the bound in a time constant, so that no run of
/// frames, however extreme, moves it faster. Frames that may be novel move nothing. The bound is
/// half of the way from the normal median to the threshold: what scores that much over the
/// threshold is an event at any offset. The networks are never touched.
///
/// Not thread-safe; one per stream. Times are nanoseconds of stream time.
class NOVELTY_API DriftTracker {
 public:
  static constexpr std::int64_t kTimeConstantNs = 600'000'000'000;  ///< ten minutes

  /// Frames further apart count as this far apart: one frame is no evidence of minutes.
  static constexpr std::int64_t kLongestStepNs = 10'000'000'000;

  /// time_constant_ns: > 0.
  explicit DriftTracker(std::int64_t time_constant_ns = kTimeConstantNs)
      : time_constant_ns_(time_constant_ns) {}

  /// normal_score: Detector::normal_score. model: the model's own options, used: those in force;
  /// the lower threshold of the two sets the bound, the lower exit threshold what may be novel.
  /// Keeps the offset, within the bound.
  void configure(double normal_score, const EventOptions& model, const EventOptions& used);

  /// What to subtract from the next score; 0 before the first frame.
  double offset() const { return offset_; }

  /// Most that `offset` can be, to either side.
  double bound() const { return bound_; }

  /// Takes the score, without the offset subtracted, of the frame at `time_ns`, after the decision
  /// on it. frozen: it lies in an event, or the scene-change guard holds. A jump in time of more
  /// than the time constant, either way, rolls the offset back to 0.
  void push(std::int64_t time_ns, double score, bool frozen);

  /// Rolls the offset back to 0 and forgets the time.
  void reset();

 private:
  double step_of(std::int64_t time_ns);

  std::int64_t time_constant_ns_;
  double normal_ = 0;
  double bound_ = 0;
  double novel_ = 0;  // a score, less the offset, at and over which a frame may be novel
  double offset_ = 0;
  std::optional<std::int64_t> last_ns_;
};

}  // namespace novelty
