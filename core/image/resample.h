// SPDX-License-Identifier: Apache-2.0
// Separable resampling: the filter of one axis.
#pragma once

#include <cstddef>
#include <vector>

#include "image/band_kernels.h"

namespace novelty {

/// One axis of a plane and what it becomes. See Note [Sample positions].
struct AxisGeometry {
  int in = 0;            ///< samples
  double in_extent = 0;  ///< length of the picture in samples; half an odd width is not whole
  double shift = 0;      ///< added to a position, in samples
  int out = 0;           ///< samples

  bool operator==(const AxisGeometry&) const = default;
};

/// Note [Sample positions]
/// Sample i of a plane covers [i, i + 1) and is centred at i + 0.5, in samples; output sample o is
/// centred at (o + 0.5) * in_extent / out + shift. A subsampled chroma sample that lies between its
/// two luma samples (centre) follows this rule with in_extent = luma size / 2. A cosited one (left)
/// lies at luma 2 i + 0.5, a quarter of a chroma sample before the centre, so shift is 0.25.
/// The filter is a triangle as wide as the step when in_extent >= out, else a cubic (a = -0.5) over
/// four samples; taps outside the plane are dropped and the rest normalised, as PIL does.
class AxisFilter {
 public:
  /// Rebuilds the tables unless they are of `geometry` already.
  void prepare(const AxisGeometry& geometry);

  int out() const { return geometry_.out; }
  /// First input sample of output `o`.
  int first(int o) const { return first_[o]; }
  /// What output `o` is a sum of: taps(o) samples from first(o), with weights(o)[0], ...
  int taps(int o) const { return taps_[o]; }
  const float* weights(int o) const { return &weights_[static_cast<std::size_t>(o) * most_taps_]; }
  /// All outputs.
  ColumnTaps columns() const {
    return {geometry_.out, most_taps_, first_.data(), taps_.data(), weights_.data()};
  }

 private:
  AxisGeometry geometry_;
  int most_taps_ = 0;
  std::vector<int> first_;
  std::vector<int> taps_;
  std::vector<float> weights_;
};

}  // namespace novelty
