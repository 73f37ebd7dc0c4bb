// SPDX-License-Identifier: Apache-2.0
// How far pictures' features lie from those of normal ones, by the simplest of rules.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace novelty {

/// Rows of features. normal and test of one call have the same width.
struct FeatureRows {
  std::span<const float> values;  ///< [rows, width]
  std::size_t width = 0;
};

/// [test rows] one less the mean cosine to the two nearest normal rows (DN2, Bergman et al. 2020).
/// Rows have length 1.
std::vector<double> neighbour_distances(const FeatureRows& normal, const FeatureRows& test);

/// [test rows] squared Mahalanobis distance to the mean normal row; a hundredth of the mean
/// variance is added to all variances.
std::vector<double> mahalanobis_distances(const FeatureRows& normal, const FeatureRows& test);

}  // namespace novelty
