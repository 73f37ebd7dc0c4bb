// SPDX-License-Identifier: Apache-2.0
// What normal footage scores; the p-values, alarm rates and thresholds that follow from it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "novelty/events.h"

namespace novelty {

/// Stored in the bundle as `calibration.*` tensors and facts. Lists are ascending, not empty.
struct Calibration {
  std::vector<float> scores;  ///< image scores of the held-out pictures, at most kMostScores
  std::vector<float> views;   ///< image scores of varied views of them
  std::vector<float> peaks;   ///< levels of the held-out footage's events, all > peak_start
  double peak_start = 0;
  double hours = 0;        ///< length of the held-out footage, > 0
  double independent = 1;  ///< how many independent scores the held-out pictures are worth, >= 1
  double map_zero = 0, map_one = 1;  ///< map value drawn as 0, as 1; zero < one
  double target_per_hour = 1;        ///< false events an hour that `threshold` is set for
  double threshold = 0;
  double exit_threshold = 0;  ///< <= threshold
};

/// More held-out scores than this are stored thinned out evenly by rank, the highest kept.
inline constexpr std::size_t kMostScores = 20'000;

/// What calibration learns from: finite image scores by the engine of live use; >= 1 of each.
struct HeldOutScores {
  std::span<const float> in_time;  ///< of the held-out pictures, in time order
  std::span<const float> views;    ///< of varied views of them
  double interval_s = 0;  ///< between pictures; 0: they are not in time order, and each stands for
                          ///< a second and an event of its own
};

/// Learns all but map_*. events: smoothing, minimum duration and hold of live use; its thresholds
/// are not read. Throws: Error(kSettings) for a target outside (0, 3600).
Calibration fit_calibration(const HeldOutScores& held_out, const EventOptions& events,
                            double target_per_hour = 1);

/// Sets target_per_hour and the thresholds for it. Throws: Error(kSettings) outside (0, 3600).
void retarget_calibration(Calibration& calibration, double target_per_hour);

/// False events an hour of stream time, with the 95 % interval of what the footage leaves open.
struct AlarmRate {
  double expected, low, high;
};

/// From scores to probabilities and rates and back; see Note [Two tails] in decision_scale.cpp.
/// Immutable, cheap to copy. Thread: any.
class DecisionScale {
 public:
  /// Takes milliseconds. calibration: as a bundle holds it.
  explicit DecisionScale(const Calibration& calibration);

  /// How probable such a score or a higher one is in a frame of normal footage: in (0, 1],
  /// continuous, strictly decreasing over all reals as far as a double can tell. No allocation,
  /// under a microsecond.
  double p_value(double score) const;

  /// The inverse of p_value. Throws: Error(kSettings) outside (0, 1).
  double score_of_p_value(double p_value) const;

  /// The false events to expect an hour with the threshold at `score`; `expected` is continuous and
  /// strictly decreasing, low <= expected <= high. Takes a few milliseconds.
  AlarmRate alarms_per_hour(double score) const;

  /// The inverse of `expected`. Throws: Error(kSettings) outside (0, 3600).
  double score_of_rate(double per_hour) const;

 private:
  struct Parts;
  std::shared_ptr<const Parts> parts_;
};

/// The rate whose score is the exit threshold of a target of `per_hour`, in (0, 3600): hysteresis.
double exit_rate(double per_hour);

/// How many hours of footage in which nothing happened it takes to promise `per_hour` (> 0) at 95
/// %: 3 / per_hour, the rule of three. And, the rule being its own inverse, the lowest rate that so
/// many hours can promise.
double hours_needed(double per_hour);

/// The anomaly map on the calibrated scale: 0 at map_zero, 1 at map_one, linear between and beyond,
/// never below 0. values, map: [patches].
void calibrated_map(const Calibration& calibration, std::span<const float> values,
                    std::span<float> map);

/// The value below which `share` of `sorted` (not empty, ascending) lies, linear between values.
double quantile_of(std::span<const float> sorted, double share);

}  // namespace novelty
