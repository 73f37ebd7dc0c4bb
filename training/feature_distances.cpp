// SPDX-License-Identifier: Apache-2.0
// Nearest neighbours and Gaussians, by OpenCV's matrices.
#include "feature_distances.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <opencv2/core.hpp>

namespace novelty {
namespace {

constexpr int kNeighbours = 2;
constexpr double kAddedVariance = 0.01;
constexpr int kRowsAtOnce = 1000;

// Points to the values; what is const stays so.
cv::Mat matrix_of(const FeatureRows& rows) {
  const auto width = static_cast<int>(rows.width);
  auto* values =
      const_cast<float*>(rows.values.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  return {static_cast<int>(rows.values.size()) / width, width, CV_32F, values};
}

}  // namespace

std::vector<double> neighbour_distances(const FeatureRows& normal_rows,
                                        const FeatureRows& test_rows) {
  const cv::Mat normal = matrix_of(normal_rows), test = matrix_of(test_rows);
  const int nearest = std::min(kNeighbours, normal.rows);
  std::vector<double> scores;
  scores.reserve(static_cast<std::size_t>(test.rows));
  for (int first = 0; first < test.rows; first += kRowsAtOnce) {
    const cv::Mat some = test.rowRange(first, std::min(first + kRowsAtOnce, test.rows));
    cv::Mat cosines;
    cv::gemm(some, normal, 1, cv::noArray(), 0, cosines, cv::GEMM_2_T);
    for (int r = 0; r < cosines.rows; ++r) {
      auto* row = cosines.ptr<float>(r);
      std::partial_sort(row, row + nearest, row + cosines.cols, std::greater<>());
      scores.push_back(1 - std::accumulate(row, row + nearest, 0.0) / nearest);
    }
  }
  return scores;
}

std::vector<double> mahalanobis_distances(const FeatureRows& normal_rows,
                                          const FeatureRows& test_rows) {
  const cv::Mat normal = matrix_of(normal_rows);
  cv::Mat mean, covariance, rows;
  cv::reduce(normal, mean, 0, cv::REDUCE_AVG, CV_64F);
  cv::mulTransposed(normal, covariance, true, mean, 1.0 / normal.rows, CV_64F);
  const double variance = cv::trace(covariance)[0] / covariance.rows;
  covariance += cv::Mat::eye(covariance.size(), CV_64F) * (kAddedVariance * variance + 1e-12);
  matrix_of(test_rows).convertTo(rows, CV_64F);
  rows -= cv::repeat(mean, rows.rows, 1);
  cv::Mat distances;
  cv::reduce(rows.mul(rows * covariance.inv(cv::DECOMP_CHOLESKY)), distances, 1, cv::REDUCE_SUM);
  return {distances.begin<double>(), distances.end<double>()};
}

}  // namespace novelty
