// SPDX-License-Identifier: Apache-2.0
// The picture term: Mahalanobis distance of a picture's summary under a shrunk covariance.
#include "scoring/picture_density.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "novelty/error.h"
#include "scoring/whitening.h"

namespace novelty {
namespace {

// Keeps the whitening finite when all pictures are the same.
constexpr double kLeastVariance = 1e-8;

// `from` at length 1, or as it is when it has none.
void put_normalised(std::span<const double> from, std::vector<float>& out) {
  double square = 0;
  for (const double value : from) square += value * value;
  const double length = std::max(std::sqrt(square), 1e-12);
  for (const double value : from) out.push_back(static_cast<float>(value / length));
}

std::vector<double> mean_of(std::span<const float> rows, std::size_t size) {
  std::vector<double> mean(size);
  for (std::size_t at = 0; at < rows.size(); ++at) mean[at % size] += rows[at];
  for (double& value : mean) value /= static_cast<double>(rows.size() / size);
  return mean;
}

// The lower triangle of the mean outer product of rows less `mean`.
std::vector<double> covariance_of(std::span<const float> rows, const std::vector<double>& mean) {
  const std::size_t size = mean.size();
  std::vector<double> covariance(size * size), residual(size);
  const double weight = static_cast<double>(size) / static_cast<double>(rows.size());
  for (; !rows.empty(); rows = rows.subspan(size)) {
    for (std::size_t i = 0; i < size; ++i) residual[i] = rows[i] - mean[i];
    for (std::size_t i = 0; i < size; ++i) {
      const double factor = weight * residual[i];
      for (std::size_t j = 0; j <= i; ++j) covariance[i * size + j] += factor * residual[j];
    }
  }
  return covariance;
}

// How much of a multiple of the unit matrix replaces the covariance, (0, 1]: OAS, with t and q the
// traces of it and of its square.
double shrinkage(const std::vector<double>& covariance, std::size_t size, std::size_t pictures) {
  double t = 0, q = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < i; ++j)
      q += 2 * covariance[i * size + j] * covariance[i * size + j];
    t += covariance[i * size + i];
    q += covariance[i * size + i] * covariance[i * size + i];
  }
  const auto p = static_cast<double>(size), n = static_cast<double>(pictures);
  const double above = (1 - 2 / p) * q + t * t;
  const double below = (n + 1 - 2 / p) * (q - t * t / p);
  return below > above ? above / below : 1;
}

void shrink(std::vector<double>& covariance, std::size_t size, double share) {
  double trace = 0;
  for (std::size_t i = 0; i < size; ++i) trace += covariance[i * size + i];
  for (double& value : covariance) value *= 1 - share;
  const double unit = share * trace / static_cast<double>(size) + kLeastVariance;
  for (std::size_t i = 0; i < size; ++i) covariance[i * size + i] += unit;
}

}  // namespace

std::vector<float> summary_of(std::span<const float> cls, std::span<const float> tokens) {
  std::vector<double> sum(cls.size());
  for (std::size_t at = 0; at < tokens.size(); ++at) sum[at % sum.size()] += tokens[at];
  std::vector<float> summary;
  summary.reserve(2 * cls.size());
  put_normalised(std::vector<double>(cls.begin(), cls.end()), summary);
  put_normalised(sum, summary);
  return summary;
}

float picture_distance(const PictureDensity& density, std::span<const float> summary) {
  if (summary.size() != density.mean.size())
    throw Error(ErrorKind::kSettings, "picture", "the summary is not of the model's size");
  std::vector<float> residual(summary.size()), whitened(summary.size());
  for (std::size_t i = 0; i < residual.size(); ++i) residual[i] = summary[i] - density.mean[i];
  whiten(std::span(density.whitening), residual, whitened);
  double square = 0;
  for (const float value : whitened) square += double{value} * value;
  return static_cast<float>(square / static_cast<double>(summary.size()));
}

PictureDensity fit_picture_density(std::span<const float> summaries, std::size_t size) {
  const std::size_t pictures = size == 0 ? 0 : summaries.size() / size;
  if (pictures < 2)
    throw Error(ErrorKind::kSettings, "picture density",
                std::to_string(pictures) + " pictures are too few to learn from",
                "give at least two, better several hundred");
  const std::vector<double> mean = mean_of(summaries, size);
  std::vector<double> covariance = covariance_of(summaries, mean);
  shrink(covariance, size, shrinkage(covariance, size, pictures));
  PictureDensity density;
  density.mean.assign(mean.begin(), mean.end());
  density.whitening = whitening_of(std::move(covariance), size);
  return density;
}

}  // namespace novelty
