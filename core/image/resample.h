// SPDX-License-Identifier: Apache-2.0
// Separable resampling: the filter of one axis, and the two inner loops that apply it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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
  /// Weights of output `o`, of samples first(o), first(o) + 1, ...: without padding.
  std::span<const float> weights(int o) const {
    return {&weights_[static_cast<std::size_t>(o) * padded_taps_],
            static_cast<std::size_t>(taps_[o])};
  }
  /// All weights, [out, padded_taps], each row filled up with zeros.
  std::span<const float> padded_weights() const { return weights_; }
  /// Taps a row, a multiple of kTapLanes.
  int padded_taps() const { return padded_taps_; }

  static constexpr int kTapLanes = 4;

 private:
  AxisGeometry geometry_;
  int padded_taps_ = 0;
  std::vector<int> first_;
  std::vector<int> taps_;
  std::vector<float> weights_;
};

/// out[i] = sum over k of weights[k] * row_k[i], row_k = rows + k * stride_bytes, in the order of
/// k.
void blend_rows(const std::uint8_t* rows, std::ptrdiff_t stride_bytes,
                std::span<const float> weights, std::span<float> out);

/// out[o] = sum over k of weights(o)[k] * row[first(o) + k]. row: the plane's samples, then at
/// least padded_taps finite values that do not matter.
void filter_row(const AxisFilter& filter, const float* row, float* out);

}  // namespace novelty
