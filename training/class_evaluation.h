// SPDX-License-Identifier: Apache-2.0
// Classes of images: a model of some of them, and how it ranks the images of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "class_baselines.h"
#include "class_data.h"
#include "metrics.h"
#include "novelty/trainer.h"
#include "progress.h"

namespace novelty {

struct ClassOptions {
  std::string data, out;
  std::string protocol = "one-vs-all";
  std::vector<ClassTask> tasks;                  ///< one model each
  std::size_t train_count = 1000;                ///< images of a normal class, the first by name
  std::string preset = "semantic", fine_tuning;  ///< see TrainingOptions; neither is empty
  std::size_t holdout = 0;  ///< of ClassData hold_out; 0 = the test images are scored
  std::string teacher_path, teacher_sha256;
  int input_size = 0;        ///< see TrainingOptions
  TrainingOptions training;  ///< of each model, what of it is not above
  std::uint64_t seed = 0;
  std::string precision = "fp32";  ///< of scoring; see EngineOptions
};

/// An image that a model ranks far on the wrong side, and its anomaly map.
struct ConfusedImage {
  std::string image, of_class;
  bool novel = false;  ///< to the model
  ReportFrame frame;
};

/// How a task's model ranks the images, those of its normal classes normal and all others novel.
struct ClassResult {
  std::string name, model_id;
  std::size_t trained = 0, normal = 0, novel = 0;  ///< images
  double score = 0, discrepancy = 0, density = 0;  ///< AUROC of the score, and of each term alone
  double score_deviation = 0;                      ///< of `score`, over seeds
  std::vector<double> seed_scores;                 ///< `score` of each seed
  double average_precision = 0;                    ///< of the score
  double false_positive_rate = 0;  ///< of the score, where 95 % of the novel images are found
  std::optional<double> tiles;     ///< of the quarters by their patches, where some of a mosaic's
                                   ///< are foreign
  std::optional<PixelFigures> pixels;  ///< where images have masks
  std::vector<double> roc;             ///< of the score, roc_curve in steps of a hundredth
  std::vector<double> normal_scores, novel_scores;  ///< of the first seed
  std::vector<ConfusedImage> confused;  ///< of the first seed: normal ones, then novel ones
};

struct ClassResults {
  std::string teacher_name;
  bool untrained_teacher = false;
  std::vector<std::uint64_t> seeds;
  std::vector<ClassResult> classes;      ///< one a task
  std::set<std::string> data_classes;    ///< all of the data's
  std::vector<ClassBaseline> baselines;  ///< of class_baselines
  std::set<std::string> warnings;        ///< of training, plain sentences
  double training_s = 0, scoring_s = 0;  ///< spent in this run

  /// The mean over the classes.
  ClassResult mean() const;
};

/// Runs of other tasks by the same teacher, at least one, as one.
ClassResults joined(const std::vector<ClassResults>& runs);

/// Means over runs of the same tasks with several seeds, at least one; times are added up.
ClassResults over_seeds(const std::vector<ClassResults>& runs);

/// Trains what is not there yet (OUT/models/TASK.novelty), then scores every test image once with
/// all models; the teacher sees it once. Scores go to OUT/scores.jsonl as they come; a stopped run
/// goes on where it was. Throws: Error (kCancelled on Ctrl-C).
ClassResults evaluate_classes(const ClassOptions& options, const ClassData& data,
                              Progress& progress);

}  // namespace novelty
