// SPDX-License-Identifier: Apache-2.0
// The scores over a recording, thinned to a bounded number of points.
#include "record_curve.h"

namespace novelty {
namespace {

const ScorePoint& higher(const ScorePoint& a, const ScorePoint& b) {
  return b.score > a.score ? b : a;
}

}  // namespace

void ScoreCurve::add(const ScorePoint& point) {
  if (!points_.empty() && in_last_ < stride_) {
    points_.back() = higher(points_.back(), point);
    ++in_last_;
    return;
  }
  if (points_.size() == kMaxPoints) halve();
  points_.push_back(point);
  in_last_ = 1;
}

void ScoreCurve::halve() {
  static_assert(kMaxPoints % 2 == 0);
  for (std::size_t i = 0; i < points_.size() / 2; ++i) {
    points_[i] = higher(points_[2 * i], points_[2 * i + 1]);
  }
  points_.resize(points_.size() / 2);
  stride_ *= 2;
}

}  // namespace novelty
