// SPDX-License-Identifier: Apache-2.0
// Finds what int8 is scaled by, and how far each precision moves a finished model's scores.
#pragma once

#include <deque>
#include <vector>

#include "bundle/bundle.h"
#include "novelty/trainer.h"

namespace novelty {

/// Owns what the bundle's ranges point to.
using RangeStorage = std::deque<std::vector<float>>;

/// Sets the bundle's `drift` and its networks' `ranges` from `positions` of the source: an even
/// choice of kPrecisionPictures at most, of which every other sets the ranges and the rest measure.
/// Measures the precisions for which this machine has kernels beyond plain C++; a bundle keeps what
/// it had of the others. Throws: what ModelScorer throws.
void check_precisions(FrameSource& source, std::span<const std::size_t> positions, int threads,
                      RangeStorage& storage, Bundle& bundle);

inline constexpr std::size_t kPrecisionPictures = 64;

}  // namespace novelty
