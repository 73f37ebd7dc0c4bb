// SPDX-License-Identifier: Apache-2.0
// The density term: whitened distance of tokens to the prototype of their patch.
#include "scoring/density.h"

#include <utility>

#include "novelty/error.h"
#include "scoring/whitening.h"

namespace novelty {
namespace {

// What is added to the covariance's diagonal, in parts of its mean diagonal: directions in which
// short footage happens not to vary must not decide.
constexpr double kRidge = 0.1;
// Keeps the whitening finite when all tokens are the same.
constexpr double kLeastVariance = 1e-8;

void expect(bool right, const char* what, const char* message) {
  if (!right) throw Error(ErrorKind::kSettings, what, message);
}

}  // namespace

void whiten(const Density& density, std::span<const float> difference, std::span<float> whitened) {
  whiten(std::span(density.whitening), difference, whitened);
}

void density_distances(const Density& density, std::span<const float> tokens,
                       std::span<float> distance) {
  const std::size_t width = density.width;
  expect(tokens.size() == density.prototypes.size() && distance.size() == density.patches(),
         "density", "the tokens are not of the model's size");
  std::vector<float> residual(width), whitened(width);
  for (std::size_t i = 0; i < distance.size(); ++i) {
    for (std::size_t k = 0; k < width; ++k)
      residual[k] = tokens[i * width + k] - density.prototypes[i * width + k];
    whiten(density, residual, whitened);
    double square = 0;
    for (const float value : whitened) square += double{value} * value;
    distance[i] = static_cast<float>(square / static_cast<double>(width));
  }
}

DensityFitter::DensityFitter(std::size_t patches, std::size_t width)
    : patches_(patches), width_(width), sums_(patches * width), products_(width * width) {}

void DensityFitter::add(std::span<const float> tokens) {
  expect(tokens.size() == sums_.size(), "density", "the tokens are not of the fitter's size");
  ++pictures_;
  for (std::size_t patch = 0; patch < patches_; ++patch) {
    const float* token = &tokens[patch * width_];
    double* sum = &sums_[patch * width_];
    for (std::size_t i = 0; i < width_; ++i) {
      sum[i] += token[i];
      const double factor = token[i];
      double* row = &products_[i * width_];
      for (std::size_t j = 0; j <= i; ++j) row[j] += factor * token[j];
    }
  }
}

Density DensityFitter::fit() const {
  expect(pictures_ > 0, "density", "there is no picture to learn from");
  const auto pictures = static_cast<double>(pictures_);
  Density density;
  density.width = width_;
  for (const double sum : sums_) density.prototypes.push_back(static_cast<float>(sum / pictures));
  std::vector<double> covariance = products_;
  for (std::size_t patch = 0; patch < patches_; ++patch) {
    const double* sum = &sums_[patch * width_];
    for (std::size_t i = 0; i < width_; ++i)
      for (std::size_t j = 0; j <= i; ++j) covariance[i * width_ + j] -= sum[i] * sum[j] / pictures;
  }
  double trace = 0;
  for (double& value : covariance) value /= pictures * static_cast<double>(patches_);
  for (std::size_t i = 0; i < width_; ++i) trace += covariance[i * width_ + i];
  const double ridge = kRidge * trace / static_cast<double>(width_) + kLeastVariance;
  for (std::size_t i = 0; i < width_; ++i) covariance[i * width_ + i] += ridge;
  density.whitening = whitening_of(std::move(covariance), width_);
  return density;
}

}  // namespace novelty
