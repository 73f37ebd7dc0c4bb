// SPDX-License-Identifier: Apache-2.0
// How scores are distributed: as they were seen, and beyond by their tail.
#pragma once

#include <span>
#include <vector>

#include "calibration/pareto_tail.h"

namespace novelty {

/// The least width of a tail that starts at `start`: keeps it over 0 when all scores are the same.
double least_scale(double start);

/// How probable a score or a higher one is, after a sample of them; see Note [Body and tail] in
/// score_distribution.cpp. Immutable.
class ScoreDistribution {
 public:
  /// sorted: ascending, not empty. independent: how many independent scores it is worth, >= 1.
  ScoreDistribution(std::span<const float> sorted, double independent);

  /// In (0, 1], continuous, strictly decreasing. No allocation.
  double p_value(double score) const;

  /// The `share` quantile of it with what the sample leaves open.
  double quantile(double score, double share) const;

 private:
  struct Knot {
    double score, p;
  };
  std::vector<Knot> knots_;  // the last is the tail's start
  ParetoTail tail_;
};

}  // namespace novelty
