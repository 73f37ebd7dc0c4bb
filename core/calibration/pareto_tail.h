// SPDX-License-Identifier: Apache-2.0
// What lies beyond the scores that were seen: a generalised Pareto tail with its uncertainty.
#pragma once

#include <span>
#include <vector>

namespace novelty {

/// The tail over a start, learnt from the excesses over it by Bayes' rule; see Note [The tail] in
/// pareto_tail.cpp. Immutable.
class ParetoTail {
 public:
  /// excesses: ascending, > 0; may be empty. worth: how many independent ones they are, >= 0.
  /// least_scale: > 0, the tail's width where all excesses are (nearly) zero.
  ParetoTail(std::span<const double> excesses, double worth, double least_scale);

  /// Probability that an excess is over `excess` (<= 0: 1). Continuous, strictly decreasing, > 0
  /// for all that a double can tell apart. No allocation.
  double survival(double excess) const;

  /// The `share` quantile of the same with what is unknown of it: the tail's parameters, and the
  /// relative error of the rate at the start (mean 1). About a millisecond.
  double quantile(double excess, double share) const;

 private:
  struct Cell {
    double weight, scale, shape;
  };
  void weigh(std::span<const double> excesses);
  void tabulate();

  double worth_, unit_;
  std::vector<Cell> cells_;
  std::vector<double> log_survival_;  // at log1p(excess / unit_) = i * kStep
};

}  // namespace novelty
