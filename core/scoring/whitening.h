// SPDX-License-Identifier: Apache-2.0
// The matrix that turns a covariance into the unit matrix, and its product with a vector.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace novelty {

/// [n, n] row-major, lower triangle, zeros above: residuals of `covariance` ([n, n], its lower
/// triangle is read; positive definite) get unit variance and no correlation. In double inside.
std::vector<float> whitening_of(std::vector<double> covariance, std::size_t n);

/// whitening: [n, n] of whitening_of; difference, whitened: [n]. Thread: any.
void whiten(std::span<const float> whitening, std::span<const float> difference,
            std::span<float> whitened);

}  // namespace novelty
