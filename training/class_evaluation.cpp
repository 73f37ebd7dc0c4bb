// SPDX-License-Identifier: Apache-2.0
// Trains a model of each class and scores all images with all of them.
#include "class_evaluation.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <utility>

#include "bundle/bundle.h"
#include "class_scores.h"
#include "image/preprocess.h"
#include "image_footage.h"
#include "interrupt.h"
#include "kept_model.h"
#include "metrics.h"
#include "novelty/error.h"
#include "picture.h"
#include "report.h"
#include "trainer/shared_teacher.h"

namespace novelty {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 16;   // images scored at once
constexpr double kCalibrated = 0.1;  // share of the training images that calibrates

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string model_path(const ClassOptions& options, const std::string& name) {
  return (std::filesystem::path(options.out) / "models" / (name + ".novelty")).string();
}

void train_class(const ClassOptions& options, const ClassData& data, std::size_t place,
                 Progress& progress) {
  const std::string& name = options.classes[place];
  std::vector<ImageFile> files = data.train.at(name);
  files.resize(std::min(files.size(), options.train_count));
  ImageFootage footage(std::move(files));
  TrainingOptions training;
  training.output = model_path(options, name);
  training.teacher_path = options.teacher_path;
  training.preset = "semantic";
  training.holdout = kCalibrated;
  training.seed = options.seed;
  const std::string prefix =
      name + " (" + std::to_string(place + 1) + "/" + std::to_string(options.classes.size()) + ") ";
  const auto show = [&](const TrainingProgress& state) {
    static constexpr const char* kStages[] = {"features", "distilling", "calibrating", "writing"};
    progress.show(prefix + kStages[static_cast<int>(state.stage)], state.done, state.total);
    return !interrupted();
  };
  const auto report = train_unless_kept(footage, training, options.teacher_sha256, show);
  if (report)
    write_report(*report, footage,
                 std::filesystem::path(training.output).replace_extension(".html").string());
  progress.finish();
}

/// An image to score, and its class.
struct TestImage {
  const ImageFile* file;
  std::string name;
};

std::vector<TestImage> test_images(const ClassData& data) {
  std::vector<TestImage> images;
  for (const auto& [name, files] : data.test)
    for (const ImageFile& file : files) images.push_back({&file, name});
  return images;
}

/// The networks' input of images, [images, patch_count, patch_values].
std::vector<float> prepared(std::span<const TestImage> images, const VitConfig& config) {
  PreprocessScratch scratch;
  std::vector<float> all, one;
  for (const TestImage& image : images) {
    const Picture picture = decode_picture(read_image_file(*image.file), image.file->name);
    preprocess(picture.view(), config.input_size, config.patch_size, scratch, one);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

/// What scores.jsonl is of: with another model or image they are other scores.
std::string header_of(const std::vector<ModelInfo>& models, const ClassOptions& options,
                      std::size_t images) {
  json header{{"data", std::filesystem::path(options.data).filename().string()},
              {"holdout", options.holdout},
              {"images", images},
              {"models", json::array()}};
  if (options.precision != "fp32") header["precision"] = options.precision;
  for (const ModelInfo& model : models) header["models"].push_back(model.id);
  return header.dump();
}

void score_all(std::vector<Bundle> bundles, const ClassOptions& options, const ClassData& data,
               ClassScores& scores, Progress& progress) {
  const std::size_t models = bundles.size();
  SharedTeacher scorer(std::move(bundles), 0, options.precision);
  const std::vector<TestImage> images = test_images(data);
  while (scores.size() < images.size()) {
    progress.show("scoring", scores.size(), images.size());
    throw_if_interrupted();
    const auto batch =
        std::span(images).subspan(scores.size(), std::min(kBatch, images.size() - scores.size()));
    const auto rows =
        scorer.score(prepared(batch, scorer.config()), static_cast<int>(batch.size()));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto row = std::span(rows).subspan(i * models, models);
      scores.add(batch[i].file->name, batch[i].name, {row.begin(), row.end()});
    }
  }
  progress.finish();
}

/// AUROC of one term of one model.
double rank(const ClassScores& scores, std::size_t model, const std::string& name,
            double PictureScore::*term) {
  std::vector<double> values;
  std::vector<std::uint8_t> novel;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    values.push_back(scores.score(i, model).*term);
    novel.push_back(scores.class_of(i) == name ? 0 : 1);
  }
  return auroc(values, novel).value();  // chosen_classes saw images of both kinds
}

ClassResult result_of(const ModelInfo& model, const std::string& name, std::size_t place,
                      const ClassScores& scores) {
  ClassResult result;
  result.name = name;
  result.model_id = model.id;
  result.trained = static_cast<std::size_t>(model.training_frames + model.calibration_frames);
  for (std::size_t i = 0; i < scores.size(); ++i)
    ++(scores.class_of(i) == name ? result.normal : result.novel);
  result.score = rank(scores, place, name, &PictureScore::score);
  result.discrepancy = rank(scores, place, name, &PictureScore::discrepancy);
  result.density = rank(scores, place, name, &PictureScore::density);
  return result;
}

}  // namespace

ClassResult ClassResults::mean() const {
  ClassResult mean;
  mean.name = "mean";
  const auto count = static_cast<double>(classes.size());
  for (const ClassResult& one : classes) {
    mean.score += one.score / count;
    mean.discrepancy += one.discrepancy / count;
    mean.density += one.density / count;
  }
  return mean;
}

ClassResults evaluate_classes(const ClassOptions& options, const ClassData& data,
                              Progress& progress) {
  ClassResults results;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < options.classes.size(); ++i) train_class(options, data, i, progress);
  results.training_s = seconds_since(start);
  const auto trained = Clock::now();
  std::vector<Bundle> bundles;
  std::vector<ModelInfo> models;
  for (const std::string& name : options.classes) {
    bundles.push_back(read_bundle(model_path(options, name)));
    models.push_back(bundles.back().info);
    for (const json& warning :
         json::parse(bundles.back().provenance_json).value("warnings", json::array()))
      results.warnings.insert(warning.get<std::string>());
  }
  results.teacher_name = models.front().teacher_name;
  results.untrained_teacher = models.front().untrained_teacher;
  ClassScores scores((std::filesystem::path(options.out) / "scores.jsonl").string(),
                     header_of(models, options, test_images(data).size()), models.size());
  score_all(std::move(bundles), options, data, scores, progress);
  results.scoring_s = seconds_since(trained);
  for (std::size_t i = 0; i < models.size(); ++i)
    results.classes.push_back(result_of(models[i], options.classes[i], i, scores));
  return results;
}

}  // namespace novelty
