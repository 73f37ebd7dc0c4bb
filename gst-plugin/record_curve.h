// SPDX-License-Identifier: Apache-2.0
// The scores over a recording, thinned to a bounded number of points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace novelty {

/// What a frame scored; at_ns: running time of the scored frame.
struct ScorePoint {
  std::int64_t at_ns = 0;
  double score = 0;
  double p_value = 1;
  double threshold = 0;
};

/// Every point up to the bound; beyond it the highest of each run of 2, 4, 8, ... points, so that
/// peaks stay whatever the length. Not thread-safe.
class ScoreCurve {
 public:
  static constexpr std::size_t kMaxPoints = 3000;

  /// Points come in order of time.
  void add(const ScorePoint& point);

  /// At most kMaxPoints.
  const std::vector<ScorePoint>& points() const { return points_; }

 private:
  void halve();

  std::vector<ScorePoint> points_;  // the last one may stand for fewer than stride_
  std::size_t stride_ = 1;
  std::size_t in_last_ = 0;  // how many points the last one stands for
};

}  // namespace novelty
