// SPDX-License-Identifier: Apache-2.0
// Whitening by the inverse of the Cholesky factor.
#include "scoring/whitening.h"

#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace novelty {
namespace {

// Lower Cholesky factor of a symmetric positive definite matrix given by its lower triangle.
std::vector<double> cholesky(std::vector<double> matrix, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    double* row_j = &matrix[j * n];
    for (std::size_t k = 0; k < j; ++k) row_j[j] -= row_j[k] * row_j[k];
    row_j[j] = std::sqrt(row_j[j]);
    for (std::size_t i = j + 1; i < n; ++i) {
      double* row_i = &matrix[i * n];
      row_i[j] -= std::inner_product(row_i, row_i + j, row_j, 0.0);
      row_i[j] /= row_j[j];
    }
  }
  return matrix;
}

// The inverse of a lower triangular matrix, with zeros above the diagonal; row by row, so that
// memory is walked in order.
std::vector<double> inverse_of_lower(const std::vector<double>& lower, std::size_t n) {
  std::vector<double> inverse(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    double* row = &inverse[i * n];
    for (std::size_t k = 0; k < i; ++k) {
      const double factor = lower[i * n + k];
      const double* row_k = &inverse[k * n];
      for (std::size_t j = 0; j <= k; ++j) row[j] += factor * row_k[j];
    }
    for (std::size_t j = 0; j < i; ++j) row[j] = -row[j] / lower[i * n + i];
    row[i] = 1 / lower[i * n + i];
  }
  return inverse;
}

}  // namespace

std::vector<float> whitening_of(std::vector<double> covariance, std::size_t n) {
  const auto inverse = inverse_of_lower(cholesky(std::move(covariance), n), n);
  return {inverse.begin(), inverse.end()};
}

void whiten(std::span<const float> whitening, std::span<const float> difference,
            std::span<float> whitened) {
  // Eight independent sums a row: the compiler vectorises them without reordering one long sum.
  for (std::size_t row = 0; row < difference.size(); ++row) {
    const float* weights = &whitening[row * difference.size()];
    std::array<float, 8> sums{};
    std::size_t i = 0;
    for (; i + 8 <= row + 1; i += 8)
      for (std::size_t k = 0; k < 8; ++k) sums[k] += weights[i + k] * difference[i + k];
    float sum = 0;
    for (; i <= row; ++i) sum += weights[i] * difference[i];
    for (const float part : sums) sum += part;
    whitened[row] = sum;
  }
}

}  // namespace novelty
