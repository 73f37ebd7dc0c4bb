// SPDX-License-Identifier: Apache-2.0
// From the patches' discrepancy to an image score, a map on the calibrated scale and regions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "novelty/detector.h"

namespace novelty {

/// The upper tail of a term (discrepancy, density) over the patches of normal footage.
struct TermScale {
  double start = 0;
  double scale = 1;  ///< mean excess over `start`, > 0
};

/// How an image score is made of the patches' terms; stored in the bundle.
struct ScoreDefinition {
  /// Share of the patches, the highest ones, that the score averages; 1 = the paper's mean.
  double top_share = 1;
  TermScale discrepancy, density;
  TermScale picture;  ///< with a picture term, discrepancy's scale is that of pictures' means
};

/// values: [n] of the patches. Returns the mean of the highest ceil(top_share * n) of them, summed
/// in falling order: the same for every order of patches.
/// Throws: Error (kSettings: no values, a share outside (0, 1]; kFormat: a value that is not
/// finite).
double image_score(std::span<const float> values, double top_share);

/// Sets the values of the patches that do not count to the lowest of those that do, at most 0: see
/// Note [Masked patches]. counted: [n], 1 = counts; empty = all do. values: [n]. Throws:
/// Error(kSettings) when the sizes do not agree.
void leave_out(std::span<const std::uint8_t> counted, std::span<float> values);

/// Connected areas (8-neighbourhood) of `map` ([size, size]) at and over 1, as boxes normalised to
/// the frame, highest peak first, at most `limit`. p_value is left at 1.
/// Throws: Error(kSettings) when the map is not [size, size].
std::vector<Region> regions_of(std::span<const float> map, int size, std::size_t limit);

}  // namespace novelty
