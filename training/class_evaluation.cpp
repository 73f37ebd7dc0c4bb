// SPDX-License-Identifier: Apache-2.0
// Trains a model for each task and scores all images with all of them.
#include "class_evaluation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "bundle/bundle.h"
#include "class_images.h"
#include "class_scores.h"
#include "image/preprocess.h"
#include "image_footage.h"
#include "interrupt.h"
#include "kept_model.h"
#include "metrics.h"
#include "mosaic.h"
#include "novelty/detector.h"
#include "novelty/error.h"
#include "pixel_truth.h"
#include "report.h"
#include "trainer/model_scorer.h"
#include "trainer/shared_teacher.h"

namespace novelty {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 16;  // images scored at once
constexpr double kRecall = 0.95;    // of false_positive_rate
constexpr std::size_t kRocSteps = 100;
constexpr std::size_t kConfused = 4;  // images of a kind and task
constexpr int kPixelSide = 256;       // of maps beside masks
constexpr std::size_t kMostPixels = std::size_t{1} << 26U;
constexpr double kCalibrated = 0.1;  // share of the training images that calibrates

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string model_path(const ClassOptions& options, const std::string& name) {
  return (std::filesystem::path(options.out) / "models" / (name + ".novelty")).string();
}

TrainingOptions training_options(const ClassOptions& options, std::size_t place) {
  TrainingOptions training = options.training;
  training.output = model_path(options, options.tasks[place].model_name());
  training.teacher_path = options.teacher_path;
  training.input_size = options.input_size;
  training.preset = options.preset;
  training.fine_tuning = options.fine_tuning;
  training.holdout = kCalibrated;
  training.seed = options.seed;
  return training;
}

void train_class(const ClassOptions& options, const ClassData& data, std::size_t place,
                 Progress& progress) {
  const ClassTask& task = options.tasks[place];
  std::vector<ImageFile> files;
  for (const std::string& name : task.normal) {
    const std::vector<ImageFile>& all = data.train.at(name);
    files.insert(
        files.end(), all.begin(),
        all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), options.train_count)));
  }
  ImageFootage footage(std::move(files));
  const TrainingOptions training = training_options(options, place);
  const std::string prefix = task.name + " (" + std::to_string(place + 1) + "/" +
                             std::to_string(options.tasks.size()) + ") ";
  const auto show = [&](const TrainingProgress& state) {
    static constexpr const char* kStages[] = {"fine-tuning", "features", "distilling",
                                              "calibrating", "writing"};
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

/// What scores.jsonl is of: with another model or image they are other scores.
std::string header_of(const std::vector<ModelInfo>& models, const ClassOptions& options,
                      std::size_t images) {
  json header{{"data", std::filesystem::path(options.data).filename().string()},
              {"holdout", options.holdout},
              {"images", images},
              {"models", json::array()}};
  if (options.precision != "fp32") header["precision"] = options.precision;
  if (is_mosaic(options.protocol)) header["protocol"] = options.protocol;
  for (const ModelInfo& model : models) header["models"].push_back(model.id);
  return header.dump();
}

/// Models that do not score pictures as wholes, a picture at a time.
void score_singly(const ClassOptions& options, const std::vector<TestImage>& images,
                  const VitConfig& config, ClassScores& scores, Progress& progress) {
  std::vector<std::shared_ptr<const Detector>> detectors;
  std::vector<std::unique_ptr<Detector::Scratch>> scratches;
  for (const ClassTask& task : options.tasks) {
    detectors.push_back(Detector::load(model_path(options, task.model_name()),
                                       {.device = "cpu", .precision = options.precision}));
    scratches.push_back(detectors.back()->make_scratch());
  }
  PreparedFrame prepared;
  FrameScore seen;
  while (scores.size() < images.size()) {
    progress.show("scoring", scores.size(), images.size());
    throw_if_interrupted();
    const TestImage& image = images[scores.size()];
    prepared.patches = prepared_images(std::span(&image.file, 1), config);
    std::vector<PictureScore> row;
    for (std::size_t i = 0; i < detectors.size(); ++i) {
      detectors[i]->score(prepared, *scratches[i], seen);
      row.push_back({seen.score, seen.discrepancy, seen.density});
    }
    scores.add(image.file->name, image.name, std::move(row));
  }
  progress.finish();
}

void score_all(std::vector<Bundle> bundles, const ClassOptions& options, const ClassData& data,
               ClassScores& scores, Progress& progress) {
  if (!std::all_of(bundles.begin(), bundles.end(), scores_whole_pictures))
    return score_singly(options, test_images(data), bundles.front().teacher.config, scores,
                        progress);
  const std::size_t models = bundles.size();
  SharedTeacher scorer(std::move(bundles), 0, options.precision);
  const std::vector<TestImage> images = test_images(data);
  while (scores.size() < images.size()) {
    progress.show("scoring", scores.size(), images.size());
    throw_if_interrupted();
    const auto batch =
        std::span(images).subspan(scores.size(), std::min(kBatch, images.size() - scores.size()));
    std::vector<const ImageFile*> files;
    for (const TestImage& image : batch) files.push_back(image.file);
    const auto rows =
        scorer.score(prepared_images(files, scorer.config()), static_cast<int>(batch.size()));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto row = std::span(rows).subspan(i * models, models);
      scores.add(batch[i].file->name, batch[i].name, {row.begin(), row.end()});
    }
  }
  progress.finish();
}

/// The images that a task is about.
std::vector<std::size_t> images_of(const ClassTask& task, const ClassScores& scores) {
  std::vector<std::size_t> images;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (task.counts(scores.class_of(i))) images.push_back(i);
  return images;
}

ClassResult result_of(const ModelInfo& model, const ClassTask& task, std::size_t place,
                      const ClassScores& scores) {
  ClassResult result;
  result.name = task.name;
  result.model_id = model.id;
  result.trained = static_cast<std::size_t>(model.training_frames + model.calibration_frames);
  const std::vector<std::size_t> images = images_of(task, scores);
  std::vector<std::uint8_t> novel;
  novel.reserve(images.size());
  for (const std::size_t i : images) novel.push_back(task.is_novel(scores.class_of(i)) ? 1 : 0);
  const auto values_of = [&](double PictureScore::*term) {
    std::vector<double> values;
    values.reserve(images.size());
    for (const std::size_t i : images) values.push_back(scores.score(i, place).*term);
    return values;
  };
  result.novel = static_cast<std::size_t>(std::count(novel.begin(), novel.end(), 1));
  result.normal = novel.size() - result.novel;
  // tasks_of saw images of both kinds.
  const auto score = values_of(&PictureScore::score);
  result.score = auroc(score, novel).value();
  result.average_precision = average_precision(score, novel).value();
  result.false_positive_rate = false_positive_rate(score, novel, kRecall).value();
  result.discrepancy = auroc(values_of(&PictureScore::discrepancy), novel).value();
  result.density = auroc(values_of(&PictureScore::density), novel).value();
  result.roc = roc_curve(score, novel, kRocSteps).value();
  for (std::size_t i = 0; i < score.size(); ++i)
    (novel[i] != 0 ? result.novel_scores : result.normal_scores).push_back(score[i]);
  return result;
}

/// The images that lie furthest on the wrong side: the highest of the normal ones, then the lowest
/// of the novel ones; places in the scores.
std::vector<std::size_t> most_confused(const ClassTask& task, std::size_t place,
                                       const ClassScores& scores) {
  std::vector<std::size_t> normal, novel;
  for (const std::size_t i : images_of(task, scores))
    (task.is_novel(scores.class_of(i)) ? novel : normal).push_back(i);
  const auto score = [&](std::size_t i) { return scores.score(i, place).score; };
  const auto cut = [](std::vector<std::size_t>& images, const auto& before) {
    const std::size_t count = std::min(kConfused, images.size());
    std::partial_sort(images.begin(), images.begin() + static_cast<std::ptrdiff_t>(count),
                      images.end(), before);
    images.resize(count);
  };
  cut(normal, [&](std::size_t a, std::size_t b) { return score(a) > score(b); });
  cut(novel, [&](std::size_t a, std::size_t b) { return score(a) < score(b); });
  normal.insert(normal.end(), novel.begin(), novel.end());
  return normal;
}

/// Means over the four quarters of a square of patches, in the order of ImageFile::tiles.
std::array<double, 4> quarters_of(std::span<const float> values, int size) {
  std::array<double, 4> sums{}, cells{};
  const auto side = static_cast<std::size_t>(size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t quarter = 2 * (2 * (i / side) / side) + 2 * (i % side) / side;
    sums.at(quarter) += values[i];
    cells.at(quarter) += 1;
  }
  for (std::size_t i = 0; i < sums.size(); ++i) sums.at(i) /= cells.at(i);
  return sums;
}

/// Of mosaics with some foreign tiles: how well the patches' values tell those from the others.
std::optional<double> tile_auroc(const ClassOptions& options, const ClassTask& task,
                                 const std::vector<TestImage>& images) {
  const Bundle bundle = read_bundle(model_path(options, task.model_name()));
  ModelScorer scorer(bundle, 0, options.precision);
  std::vector<double> values;
  std::vector<std::uint8_t> novel;
  for (const TestImage& image : images) {
    if (image.file->tiles.empty() || !task.is_novel(image.name)) continue;
    throw_if_interrupted();
    scorer.score(prepared_images(std::span(&image.file, 1), bundle.teacher.config));
    const auto quarters = quarters_of(scorer.values(), bundle.info.grid_size);
    values.insert(values.end(), quarters.begin(), quarters.end());
    const auto foreign = foreign_tiles(*image.file, task.name);
    novel.insert(novel.end(), foreign.begin(), foreign.end());
  }
  return auroc(values, novel);
}

/// Of images with masks, beside the normal ones: how well the patches' values tell where it is
/// novel.
std::optional<PixelFigures> pixels_of(const ClassOptions& options, const ClassTask& task,
                                      const std::vector<TestImage>& images) {
  if (std::none_of(images.begin(), images.end(),
                   [](const TestImage& image) { return !image.file->mask.empty(); }))
    return std::nullopt;
  const auto pixels_at = [](int side) {
    return static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  };
  int side = kPixelSide;
  while (images.size() * pixels_at(side) > kMostPixels) side /= 2;
  const std::size_t pixels = pixels_at(side);
  const Bundle bundle = read_bundle(model_path(options, task.model_name()));
  ModelScorer scorer(bundle, 0, options.precision);
  std::vector<float> values(images.size() * pixels);
  std::vector<std::uint32_t> regions(values.size());
  std::uint32_t next = 1;
  for (std::size_t i = 0; i < images.size(); ++i) {
    throw_if_interrupted();
    const ImageFile& file = *images[i].file;
    scorer.score(prepared_images(std::span(&images[i].file, 1), bundle.teacher.config));
    pixel_values(scorer.values(), bundle.info.grid_size, side,
                 std::span(values).subspan(i * pixels, pixels));
    if (!file.mask.empty())
      next += mask_regions(file.mask, side, next, std::span(regions).subspan(i * pixels, pixels));
  }
  return pixel_figures(values, regions);
}

std::vector<ConfusedImage> confused_images(const ClassOptions& options, std::size_t place,
                                           const std::vector<TestImage>& images,
                                           const ClassScores& scores, const VitConfig& config) {
  const ClassTask& task = options.tasks[place];
  const auto detector = Detector::load(model_path(options, task.model_name()), {.device = "cpu"});
  const auto scratch = detector->make_scratch();
  PreparedFrame prepared;
  FrameScore seen;
  std::vector<ConfusedImage> confused;
  for (const std::size_t i : most_confused(task, place, scores)) {
    prepared.patches = prepared_images(std::span(&images[i].file, 1), config);
    detector->score(prepared, *scratch, seen);
    confused.push_back(
        {images[i].file->name, images[i].name, task.is_novel(images[i].name),
         ReportFrame{i, scores.score(i, place).score, config.input_size,
                     picture_of(prepared.patches, config.input_size, config.patch_size),
                     seen.map_size, seen.map}});
  }
  return confused;
}

}  // namespace

ClassResults evaluate_classes(const ClassOptions& options, const ClassData& data,
                              Progress& progress) {
  ClassResults results;
  results.seeds = {options.seed};
  for (const auto& [name, images] : data.train) results.data_classes.insert(name);
  const auto start = Clock::now();
  for (std::size_t i = 0; i < options.tasks.size(); ++i) train_class(options, data, i, progress);
  results.training_s = seconds_since(start);
  const auto trained = Clock::now();
  std::vector<Bundle> bundles;
  std::vector<ModelInfo> models;
  for (const ClassTask& task : options.tasks) {
    bundles.push_back(read_bundle(model_path(options, task.model_name())));
    models.push_back(bundles.back().info);
    for (const json& warning :
         json::parse(bundles.back().provenance_json).value("warnings", json::array()))
      results.warnings.insert(warning.get<std::string>());
  }
  const VitConfig config = bundles.front().teacher.config;
  results.teacher_name = models.front().teacher_name;
  results.untrained_teacher = models.front().untrained_teacher;
  ClassScores scores((std::filesystem::path(options.out) / "scores.jsonl").string(),
                     header_of(models, options, test_images(data).size()), models.size());
  score_all(std::move(bundles), options, data, scores, progress);
  results.scoring_s = seconds_since(trained);
  const std::vector<TestImage> images = test_images(data);
  for (std::size_t i = 0; i < options.tasks.size(); ++i) {
    progress.show("looking at maps", i, options.tasks.size());
    throw_if_interrupted();
    const ClassTask& task = options.tasks[i];
    ClassResult& result = results.classes.emplace_back(result_of(models[i], task, i, scores));
    result.confused = confused_images(options, i, images, scores, config);
    result.tiles = tile_auroc(options, task, images);
    result.pixels = pixels_of(options, task, images);
  }
  progress.finish();
  return results;
}

}  // namespace novelty
