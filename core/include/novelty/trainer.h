// SPDX-License-Identifier: Apache-2.0
// Trains a model bundle from normal footage.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "novelty/export.h"
#include "novelty/frame.h"

namespace novelty {

/// Where training pictures come from. Not thread-safe.
class NOVELTY_API FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// What the pictures are, as JSON text for the bundle's provenance: names, content hashes,
  /// ranges. Equal identities must yield equal pictures. No paths, no times.
  virtual std::string identity() = 0;

  /// Seconds from one picture to the next, on average, when they are in time order (video):
  /// calibration then splits by time. 0: no order.
  virtual double interval_s() = 0;

  /// Number of pictures `next` will yield.
  virtual std::size_t count() = 0;

  /// The next picture, valid until the next call; false at the end.
  /// Throws: Error when a picture cannot be read.
  virtual bool next(FrameView& frame) = 0;

  /// Starts over, skipping the first `n` pictures.
  virtual void rewind(std::size_t n) = 0;
};

struct TrainingOptions {
  std::string output;        ///< the bundle to write; work files live in `<output>.work/`
  std::string teacher_path;  ///< timm ViT safetensors; empty = untrained (seeded random) ViT-Ti
  int input_size = 0;  ///< pixels a side that the networks see, a multiple of the teacher's patches
                       ///< up to 1024; 0 = what the teacher was trained at
  std::string preset = "camera";  ///< a fixed camera; "semantic": pictures of one kind of thing;
                                  ///< "inspection": defects of a part, pixel by pixel; "paper": the
                                  ///< method as published
  std::string fine_tuning;  ///< of the teacher: contrast | defend | defend-soft | none; empty = the
                            ///< preset's
  std::string mask = "guided-keep";  ///< guided-keep | guided-drop | random | none
  double mask_ratio = 0.5;           ///< share of patches dropped, [0, 0.95]
  int layers = 0;  ///< last blocks whose tokens the student learns to give; 0 = the preset's
  std::string normalisation;   ///< of tokens before they are compared: l2 | layer (the teacher's;
                               ///< the student's pass a linear head) | none; empty = the preset's
  std::string loss;            ///< squared | smooth-l1 | cosine; empty = the preset's
  int student_width = 0;       ///< a multiple of 64; 0 = the teacher's
  int student_depth = 0;       ///< blocks; 0 = the preset's
  int epochs = 0;              ///< 0 = the preset's rule
  int batch_size = 0;          ///< 0 = the preset's
  double learning_rate = 0;    ///< 0 = the preset's
  double holdout = 0.2;        ///< share of the pictures held out for calibration, (0, 0.5]
  double target_per_hour = 1;  ///< false alarms an hour that the threshold aims at, (0, 3600)
  std::uint64_t seed = 0;
  int threads = 0;      ///< 0 = all cores; part of what makes two runs byte-equal
  bool resume = false;  ///< go on from `<output>.work/` if it is of the same input and options
};

/// The fine-tuning that `options` say, or their preset's for their teacher. Throws: Error where the
/// teacher's file cannot be read.
NOVELTY_API std::string fine_tuning_of(const TrainingOptions& options);

enum class TrainingStage { kFineTuning, kFeatures, kDistillation, kCalibration, kWriting };

struct TrainingProgress {
  TrainingStage stage = TrainingStage::kFineTuning;
  std::size_t done = 0;   ///< units done in this stage: pictures, or the student's steps
  std::size_t total = 0;  ///< of so many
  double loss = 0;        ///< running mean loss (kFineTuning, kDistillation)
};

/// One picture picked for the report.
struct ReportFrame {
  std::size_t index = 0;  ///< position in the source
  double score = 0;
  int size = 0;                   ///< side of the picture and of the grid's square
  std::vector<std::uint8_t> rgb;  ///< [size, size, 3], as the networks saw it
  int map_size = 0;
  std::vector<float> map;  ///< [map_size, map_size] calibrated anomaly map
};

/// What training did, for a report.
struct TrainingReport {
  std::string model_id;
  std::string teacher_name;
  bool untrained_teacher = false;
  std::string facts_json;                ///< as stored in the bundle
  std::vector<double> fine_tuning_loss;  ///< a step; empty when the teacher was left as it was
  std::vector<double> step_loss;         ///< of the student: mean loss a step
  std::vector<double>
      train_scores;  ///< image scores of the pictures trained on (a sample, in order)
  std::vector<double> holdout_scores;  ///< image scores of the held-out pictures, in order
  double threshold = 0;
  std::string promise;  ///< a plain sentence: how many false alarms to expect
  std::vector<ReportFrame> most_normal, least_normal;  ///< of the held-out pictures
  std::vector<std::string> warnings;                   ///< plain sentences
};

/// Called on the training thread, often; return false to stop (a checkpoint is left behind and
/// Error(kCancelled) is thrown).
using TrainingCallback = std::function<bool(const TrainingProgress&)>;

/// Trains and writes the bundle atomically. The same input, options and thread count give the same
/// bytes, also when interrupted (even killed) and resumed.
/// Thread: any, one run per output. Throws: Error.
NOVELTY_API TrainingReport train(FrameSource& source, const TrainingOptions& options,
                                 const TrainingCallback& callback = {});

}  // namespace novelty
