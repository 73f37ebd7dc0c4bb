// SPDX-License-Identifier: Apache-2.0
// Nearest neighbours and Gaussians on the teacher's features.
#include "class_baselines.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <opencv2/core.hpp>
#include <span>

#include "class_evaluation.h"
#include "class_images.h"
#include "engine/loader.h"
#include "interrupt.h"
#include "metrics.h"
#include "scoring/picture_density.h"
#include "trainer/run.h"
#include "trainer/teacher.h"

namespace novelty {
namespace {

constexpr int kBatch = 16;
constexpr int kNeighbours = 2;
constexpr double kAddedVariance = 0.01;
constexpr int kRowsAtOnce = 1000;

// A part of the features: columns [first, last).
struct Part {
  int first, last;
};

// Summaries of images: [CLS] and mean patch token, each of length 1, a row an image.
class Features {
 public:
  Features(const ClassOptions& options)
      : teacher_(load_teacher(options.teacher_path)),
        network_(backend_in(options.precision)
                     .make_teacher(teacher_.network, {.threads = resolved_threads(0),
                                                      .precision = options.precision})) {}

  int width() const { return teacher_.network.config.width; }

  // visit(done) after each batch.
  template <class Visit>
  cv::Mat of(std::span<const ImageFile* const> images, const Visit& visit) {
    cv::Mat rows(static_cast<int>(images.size()), 2 * width(), CV_32F);
    for (std::size_t first = 0; first < images.size(); first += kBatch) {
      throw_if_interrupted();
      const auto batch =
          images.subspan(first, std::min<std::size_t>(kBatch, images.size() - first));
      add(batch, static_cast<int>(first), rows);
      visit(batch.size());
    }
    return rows;
  }

 private:
  void add(std::span<const ImageFile* const> batch, int first, cv::Mat& rows) {
    const VitConfig& config = teacher_.network.config;
    const auto w = static_cast<std::size_t>(config.width);
    const std::size_t patches = batch.size() * static_cast<std::size_t>(config.patch_count());
    std::vector<float> tokens(patches * w), attention(patches), cls(batch.size() * w);
    network_->features(prepared_images(batch, config), static_cast<int>(batch.size()), tokens,
                       attention, cls);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::size_t size = tokens.size() / batch.size();
      const auto summary =
          summary_of(std::span(cls).subspan(i * w, w), std::span(tokens).subspan(i * size, size));
      std::copy(summary.begin(), summary.end(), rows.ptr<float>(first + static_cast<int>(i)));
    }
  }

  TeacherWeights teacher_;
  std::unique_ptr<Teacher> network_;
};

// One less the mean cosine to the nearest; rows have length 1.
std::vector<double> neighbour_distances(const cv::Mat& normal, const cv::Mat& test) {
  std::vector<double> scores;
  for (int first = 0; first < test.rows; first += kRowsAtOnce) {
    const cv::Mat some = test.rowRange(first, std::min(first + kRowsAtOnce, test.rows));
    cv::Mat cosines;
    cv::gemm(some, normal, 1, cv::noArray(), 0, cosines, cv::GEMM_2_T);
    const int nearest = std::min(kNeighbours, normal.rows);
    for (int r = 0; r < cosines.rows; ++r) {
      auto* row = cosines.ptr<float>(r);
      std::partial_sort(row, row + nearest, row + cosines.cols, std::greater<>());
      scores.push_back(1 - std::accumulate(row, row + nearest, 0.0) / nearest);
    }
  }
  return scores;
}

std::vector<double> mahalanobis_distances(const cv::Mat& normal, const cv::Mat& test) {
  cv::Mat mean, covariance, rows;
  cv::reduce(normal, mean, 0, cv::REDUCE_AVG, CV_64F);
  cv::mulTransposed(normal, covariance, true, mean, 1.0 / normal.rows, CV_64F);
  const double variance = cv::trace(covariance)[0] / covariance.rows;
  covariance += cv::Mat::eye(covariance.size(), CV_64F) * (kAddedVariance * variance + 1e-12);
  test.convertTo(rows, CV_64F);
  rows -= cv::repeat(mean, rows.rows, 1);
  cv::Mat distances;
  cv::reduce(rows.mul(rows * covariance.inv(cv::DECOMP_CHOLESKY)), distances, 1, cv::REDUCE_SUM);
  return {distances.begin<double>(), distances.end<double>()};
}

struct Way {
  const char* name;
  const char* title;
  std::vector<double> (*distances)(const cv::Mat&, const cv::Mat&);
  Part part;
};

std::vector<Way> ways_of(int width) {
  const Part cls{0, width}, mean{width, 2 * width}, both{0, 2 * width};
  return {{"knn-cls", "k-NN, [CLS]", neighbour_distances, cls},
          {"knn-mean", "k-NN, mean patch token", neighbour_distances, mean},
          {"mahalanobis-cls", "Mahalanobis, [CLS]", mahalanobis_distances, cls},
          {"mahalanobis-mean", "Mahalanobis, mean patch token", mahalanobis_distances, mean},
          {"mahalanobis-both", "Mahalanobis, both", mahalanobis_distances, both}};
}

// What models are trained on, of each class that any of them takes as normal.
std::map<std::string, std::vector<const ImageFile*>> training_images(const ClassOptions& options,
                                                                     const ClassData& data) {
  std::map<std::string, std::vector<const ImageFile*>> images;
  for (const ClassTask& task : options.tasks) {
    for (const std::string& name : task.normal) {
      auto& own = images[name];
      const auto& all = data.train.at(name);
      for (std::size_t i = own.size(); i < std::min(all.size(), options.train_count); ++i)
        own.push_back(&all[i]);
    }
  }
  return images;
}

}  // namespace

double ClassBaseline::mean() const {
  return std::accumulate(auroc.begin(), auroc.end(), 0.0) / static_cast<double>(auroc.size());
}

std::vector<ClassBaseline> class_baselines(const ClassOptions& options, const ClassData& data,
                                           Progress& progress) {
  const auto training = training_images(options, data);
  std::vector<const ImageFile*> tests;
  std::vector<std::string> classes;
  for (const auto& [name, files] : data.test) {
    for (const ImageFile& file : files) tests.push_back(&file);
    classes.resize(tests.size(), name);
  }
  std::size_t done = 0, total = tests.size();
  for (const auto& [name, images] : training) total += images.size();
  const auto show = [&](std::size_t count) { progress.show("baselines", done += count, total); };
  Features features(options);
  std::map<std::string, cv::Mat> learnt;
  for (const auto& [name, images] : training) learnt[name] = features.of(images, show);
  const cv::Mat test = features.of(tests, show);
  std::vector<ClassBaseline> baselines;
  for (const Way& way : ways_of(features.width())) {
    ClassBaseline baseline{way.name, way.title, {}};
    for (const ClassTask& task : options.tasks) {
      throw_if_interrupted();
      cv::Mat normal;
      for (const std::string& name : task.normal) normal.push_back(learnt.at(name));
      std::vector<std::uint8_t> novel;
      for (const std::string& name : classes) novel.push_back(task.normal.contains(name) ? 0 : 1);
      const auto scores = way.distances(normal.colRange(way.part.first, way.part.last),
                                        test.colRange(way.part.first, way.part.last));
      baseline.auroc.push_back(auroc(scores, novel).value());
    }
    baselines.push_back(std::move(baseline));
  }
  progress.finish();
  return baselines;
}

}  // namespace novelty
