// SPDX-License-Identifier: Apache-2.0
// The two-dimensional Fourier transform of one size, for correlations over all shifts at once.
#pragma once

#include <complex>
#include <cstddef>
#include <span>

namespace novelty {

inline constexpr std::size_t kFourierSize = 64;  ///< a side; a power of two

enum class FourierDirection { kForward, kInverse };

/// Transforms `values` [kFourierSize, kFourierSize] in place, without normalisation. Thread: any.
/// Cost: about a tenth of a millisecond.
void fourier_transform(std::span<std::complex<float>> values, FourierDirection direction);

}  // namespace novelty
