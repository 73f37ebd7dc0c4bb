// SPDX-License-Identifier: Apache-2.0
// Radix-2 transform of rows and columns.
#include "scene/fourier.h"

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace novelty {
namespace {

using Complex = std::complex<float>;

// The standard's product looks for infinities, which are not here, at several times the cost.
Complex product(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

std::array<Complex, kFourierSize / 2> roots_of(FourierDirection direction) {
  std::array<Complex, kFourierSize / 2> roots;
  const double sign = direction == FourierDirection::kForward ? -1 : 1;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const double angle = sign * 2 * std::numbers::pi * static_cast<double>(i) / kFourierSize;
    roots[i] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
  }
  return roots;
}

void reverse_bits(Complex* row) {
  for (std::size_t i = 1, j = 0; i < kFourierSize; ++i) {
    std::size_t bit = kFourierSize / 2;
    for (; (j & bit) != 0; bit /= 2) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(row[i], row[j]);
  }
}

void transform_row(Complex* row, const std::array<Complex, kFourierSize / 2>& roots) {
  reverse_bits(row);
  for (std::size_t half = 1; half < kFourierSize; half *= 2)
    for (std::size_t first = 0; first < kFourierSize; first += 2 * half)
      for (std::size_t i = 0; i < half; ++i) {
        Complex& a = row[first + i];
        Complex& b = row[first + i + half];
        const Complex turned = product(b, roots[i * (kFourierSize / 2 / half)]);
        b = a - turned;
        a += turned;
      }
}

void transpose(std::span<Complex> values) {
  for (std::size_t y = 0; y < kFourierSize; ++y)
    for (std::size_t x = 0; x < y; ++x)
      std::swap(values[y * kFourierSize + x], values[x * kFourierSize + y]);
}

}  // namespace

void fourier_transform(std::span<Complex> values, FourierDirection direction) {
  static const auto forward = roots_of(FourierDirection::kForward);
  static const auto inverse = roots_of(FourierDirection::kInverse);
  const auto& roots = direction == FourierDirection::kForward ? forward : inverse;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t y = 0; y < kFourierSize; ++y)
      transform_row(values.data() + y * kFourierSize, roots);
    transpose(values);
  }
}

}  // namespace novelty
