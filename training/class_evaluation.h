// SPDX-License-Identifier: Apache-2.0
// One class against all: a model of each class, and how it ranks the images of all classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "class_data.h"
#include "progress.h"

namespace novelty {

struct ClassOptions {
  std::string data, out;
  std::vector<std::string> classes;  ///< one model each
  std::size_t train_count = 1000;    ///< images of the class, the first by name
  std::size_t holdout = 0;           ///< of ClassData hold_out; 0 = the test images are scored
  std::string teacher_path, teacher_sha256;
  std::uint64_t seed = 0;
  std::string precision = "fp32";  ///< of scoring; see EngineOptions
};

/// How one class' model ranks the images: AUROC, the class normal and all others novel.
struct ClassResult {
  std::string name, model_id;
  std::size_t trained = 0, normal = 0, novel = 0;  ///< images
  double score = 0, discrepancy = 0, density = 0;  ///< of the score, and of each term alone
};

struct ClassResults {
  std::string teacher_name;
  bool untrained_teacher = false;
  std::vector<ClassResult> classes;
  std::set<std::string> warnings;        ///< of training, plain sentences
  double training_s = 0, scoring_s = 0;  ///< spent in this run

  /// The mean over the classes.
  ClassResult mean() const;
};

/// Trains what is not there yet (OUT/models/CLASS.novelty), then scores every test image once with
/// all models; the teacher sees it once. Scores go to OUT/scores.jsonl as they come; a stopped run
/// goes on where it was. Throws: Error (kCancelled on Ctrl-C).
ClassResults evaluate_classes(const ClassOptions& options, const ClassData& data,
                              Progress& progress);

}  // namespace novelty
