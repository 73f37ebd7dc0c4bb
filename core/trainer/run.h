// SPDX-License-Identifier: Apache-2.0
// What the stages of a training run share. Private to the trainer.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "calibration/calibration.h"
#include "engine/backend.h"
#include "nn/init.h"
#include "novelty/recalibration.h"
#include "novelty/trainer.h"
#include "scene/reference.h"
#include "scoring/patch_values.h"
#include "scoring/picture_density.h"
#include "trainer/feature_cache.h"
#include "trainer/plan.h"
#include "trainer/precision_check.h"
#include "trainer/recipe.h"
#include "trainer/teacher.h"
#include "trainer/work_folder.h"

namespace novelty {

/// One run. What `options` leave open is decided in `recipe`; options.threads is never 0.
struct TrainingRun {
  FrameSource& source;
  const TrainingCallback& callback;
  const Backend& backend;   // scores
  const Backend& training;  // trains
  TrainingOptions options;
  Recipe recipe;
  TeacherWeights teacher;
  Split split;

  const VitConfig& config() const { return teacher.network.config; }
  std::size_t picture_values() const;
  std::size_t records() const { return split.training.size() * (1 + recipe.variants); }
  VitConfig student_config() const;

  /// Tells the caller. Throws: Error(kCancelled) when it asks to stop.
  void progress(TrainingStage stage, std::size_t done, std::size_t total, double loss = 0) const;
};

/// `threads`, or those of the machine for 0.
int resolved_threads(int threads);

/// Throws: Error(kSettings) outside of (0, 3600) false alarms an hour.
void check_target(double per_hour);

/// Tells the caller of a change to a model. Throws: Error(kCancelled) when it asks to stop.
void check_progress(const ModelUpdateCallback& callback, const std::string& model, std::size_t done,
                    std::size_t total);

/// Walks the source over `positions` (ascending), from `first` on, and hands each picture to
/// `visit` with its place in `positions`.
/// Throws: Error(kRead) when the source ends early.
void visit_pictures(FrameSource& source, std::span<const std::size_t> positions, std::size_t first,
                    const std::function<void(std::size_t, const FrameView&)>& visit);

/// Stage kFineTuning: run.teacher learns from the training pictures as the recipe says, or not at
/// all. Adds to `report`.
void fine_tune(TrainingRun& run, const WorkFolder& folder, TrainingReport& report);

/// Stage kFeatures: fills `cache` with run.records() records, picture by picture, the varied copies
/// behind each.
void cache_features(const TrainingRun& run, FeatureCache& cache);

/// A trained student; `network` points into `weights`.
struct Student {
  NetworkView network;
  VitWeights weights;
  std::vector<float> losses;  ///< [steps]
};

/// Stage kDistillation.
Student distil(const TrainingRun& run, FeatureCache& cache, const WorkFolder& folder);

/// The scene-change guard's reference, from an even sample of the clean pictures in `cache`.
SceneReference learn_scene(const TrainingRun& run, FeatureCache& cache);

/// How the finished networks' output is judged.
struct Decision {
  Density density;
  PictureDensity picture;
  ScoreDefinition score;
  Calibration calibration;
  PictureSample sample;  // of the held-out pictures
};

/// Stage kCalibration: the decision, and the report's scores and pictures.
Decision calibrate(const TrainingRun& run, FeatureCache& cache, const Engine& engine,
                   TrainingReport& report);

}  // namespace novelty
