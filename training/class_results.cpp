// SPDX-License-Identifier: Apache-2.0
// Results of several tasks and seeds as one.
#include <array>
#include <cmath>
#include <numeric>

#include "class_evaluation.h"

namespace novelty {
namespace {

/// What is averaged.
constexpr std::array kFigures{&ClassResult::score, &ClassResult::discrepancy, &ClassResult::density,
                              &ClassResult::average_precision, &ClassResult::false_positive_rate};

/// Of a sample.
double deviation_of(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  return std::sqrt(square / (count - 1));
}

/// The means over `runs` of what only some protocols have of a task.
void average_places(const std::vector<ClassResults>& runs, std::size_t task, ClassResult& result) {
  const auto count = static_cast<double>(runs.size());
  if (result.tiles) result.tiles = 0;
  if (result.pixels) result.pixels = PixelFigures{};
  for (const ClassResults& run : runs) {
    const ClassResult& one = run.classes.at(task);
    if (result.tiles) *result.tiles += one.tiles.value() / count;
    if (!result.pixels) continue;
    result.pixels->auroc += one.pixels.value().auroc / count;
    result.pixels->aupro += one.pixels.value().aupro / count;
  }
}

}  // namespace

ClassResult ClassResults::mean() const {
  ClassResult mean;
  mean.name = "mean";
  const auto count = static_cast<double>(classes.size());
  for (const ClassResult& one : classes) {
    for (const auto figure : kFigures) mean.*figure += one.*figure / count;
    mean.seed_scores.resize(one.seed_scores.size());
    for (std::size_t i = 0; i < one.seed_scores.size(); ++i)
      mean.seed_scores[i] += one.seed_scores[i] / count;
  }
  mean.score_deviation = deviation_of(mean.seed_scores);
  return mean;
}

ClassResults joined(const std::vector<ClassResults>& runs) {
  ClassResults all = runs.front();
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const ClassResults& run = runs[i];
    all.classes.insert(all.classes.end(), run.classes.begin(), run.classes.end());
    all.warnings.insert(run.warnings.begin(), run.warnings.end());
    for (std::size_t k = 0; k < all.baselines.size(); ++k)
      all.baselines[k].auroc.insert(all.baselines[k].auroc.end(), run.baselines.at(k).auroc.begin(),
                                    run.baselines.at(k).auroc.end());
    all.training_s += run.training_s;
    all.scoring_s += run.scoring_s;
  }
  return all;
}

ClassResults over_seeds(const std::vector<ClassResults>& runs) {
  ClassResults all = runs.front();
  for (std::size_t i = 1; i < runs.size(); ++i) {
    all.seeds.insert(all.seeds.end(), runs[i].seeds.begin(), runs[i].seeds.end());
    all.warnings.insert(runs[i].warnings.begin(), runs[i].warnings.end());
    all.training_s += runs[i].training_s;
    all.scoring_s += runs[i].scoring_s;
  }
  for (std::size_t c = 0; c < all.classes.size(); ++c) {
    for (std::size_t i = 0; i < all.classes[c].roc.size(); ++i) {
      double sum = 0;
      for (const ClassResults& run : runs) sum += run.classes.at(c).roc.at(i);
      all.classes[c].roc[i] = sum / static_cast<double>(runs.size());
    }
    std::vector<double>& scores = all.classes[c].seed_scores;
    scores.clear();
    for (const ClassResults& run : runs) scores.push_back(run.classes.at(c).score);
    all.classes[c].score_deviation = deviation_of(scores);
    average_places(runs, c, all.classes[c]);
    for (const auto figure : kFigures) {
      all.classes[c].*figure = 0;
      for (const ClassResults& run : runs)
        all.classes[c].*figure += run.classes.at(c).*figure / static_cast<double>(runs.size());
    }
  }
  return all;
}

}  // namespace novelty
