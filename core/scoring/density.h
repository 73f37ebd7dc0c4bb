// SPDX-License-Identifier: Apache-2.0
// How far a picture's tokens lie from where normal pictures have them: the density term.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace novelty {

/// Where the teacher's tokens lie in normal pictures: at each patch a prototype, and one spread for
/// all. Stored as `density.*`. Empty: the model has no density term.
struct Density {
  std::size_t width = 0;          ///< of a token
  std::vector<float> prototypes;  ///< [patches, width] mean token of each patch
  std::vector<float> whitening;   ///< [width, width] row-major, lower triangle: token residual to
                                  ///< unit variance
  std::vector<float> exceptions;  ///< [n, width] tokens that users declared normal
  std::vector<std::int32_t> exception_patches;  ///< [n] the patches they were seen at, ascending

  bool empty() const { return prototypes.empty(); }
  std::size_t patches() const { return width == 0 ? 0 : prototypes.size() / width; }
};

/// Turns a token, or the difference of two, so that in the footage the density was learnt from
/// residuals have unit variance. difference, whitened: [width]. Thread: any.
void whiten(const Density& density, std::span<const float> difference, std::span<float> whitened);

/// distance: [patches] whitened distance of each token to its patch's prototype: the squared length
/// of the whitened difference divided by the width, about 1 on average in that footage.
/// tokens: [patches, width]. Throws: Error(kSettings) when sizes do not agree.
void density_distances(const Density& density, std::span<const float> tokens,
                       std::span<float> distance);

/// Learns a Density from normal pictures, one after another. Not thread-safe.
class DensityFitter {
 public:
  DensityFitter(std::size_t patches, std::size_t width);

  /// tokens: [patches, width].
  void add(std::span<const float> tokens);

  /// After at least one picture. The covariance of what is left after subtracting each patch's mean
  /// is shared by all patches and shrunk towards a multiple of the unit matrix: a few seconds of
  /// footage have too few pictures for a covariance a patch.
  Density fit() const;

 private:
  std::size_t patches_, width_, pictures_ = 0;
  std::vector<double> sums_;      // [patches, width]
  std::vector<double> products_;  // [width, width], lower triangle, over all tokens
};

}  // namespace novelty
