// SPDX-License-Identifier: Apache-2.0
// How far a picture as a whole lies from normal ones: the picture term, for things of one kind
// that no fixed camera shows in one place.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace novelty {

/// Where the summaries of normal pictures lie. Stored as `picture.*`. Empty: the model has no
/// picture term.
struct PictureDensity {
  std::vector<float> mean;       ///< [size], size = 2 * width of the teacher
  std::vector<float> whitening;  ///< [size, size] of whitening_of

  bool empty() const { return mean.empty(); }
};

/// What a picture is as a whole: its [CLS] token and the mean of its patch tokens, each of length
/// 1. cls: [width] and tokens: [patches, width], L2-normalised. Returns [2 * width].
std::vector<float> summary_of(std::span<const float> cls, std::span<const float> tokens);

/// The squared whitened distance of a summary to the normal mean, divided by its size. Thread: any.
/// Throws: Error(kSettings) when the sizes do not agree.
float picture_distance(const PictureDensity& density, std::span<const float> summary);

/// summaries: [pictures, size] of normal pictures. Their covariance is shrunk towards a multiple of
/// the unit matrix as far as so few pictures demand (oracle approximating shrinkage, Chen et al.
/// 2010), so there may be fewer of them than dimensions.
/// Throws: Error(kSettings) for fewer than two pictures.
PictureDensity fit_picture_density(std::span<const float> summaries, std::size_t size);

}  // namespace novelty
