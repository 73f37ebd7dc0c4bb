// SPDX-License-Identifier: Apache-2.0
// Scores pictures with several models; what they share of a teacher is done once for all of them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "engine/backend.h"

namespace novelty {

/// What a picture scores by one model: as FrameScore has it.
struct PictureScore {
  double score = 0, discrepancy = 0, density = 0;
};

/// Whether a model's score is that of pictures as wholes (presets semantic and paper).
bool scores_whole_pictures(const Bundle& model);

/// Gives what the detector gives, but for rounding. Not thread-safe.
class SharedTeacher {
 public:
  /// models: at least one, all of whole pictures (presets semantic and paper), of networks of one
  /// size. threads: 0 = all cores. precision: see EngineOptions; in int8 each model has a teacher
  /// of its own ranges, as it has where one was fine-tuned. Throws: Error (kUnsupported: another
  /// kind of model, or another teacher than the first's).
  SharedTeacher(std::vector<Bundle> models, int threads, const std::string& precision = "fp32");

  const VitConfig& config() const { return models_.front().teacher.config; }

  /// patches: [batch, patch_count, patch_values] in [0,1]. Returns [batch, models].
  /// Throws: Error (kFormat: values that are not finite).
  std::vector<PictureScore> score(std::span<const float> patches, int batch);

 private:
  void run_teacher(Teacher& teacher, std::span<const float> patches, int batch);
  void run(Teacher& network, std::span<const float> patches, int batch,
           std::vector<float>& out) const;
  const TokenComparison& comparison() const { return models_.front().teacher.comparison; }
  std::size_t layers() const { return static_cast<std::size_t>(comparison().layers); }
  std::size_t picture_tokens() const;
  double discrepancy_of(std::size_t picture) const;
  PictureScore score_of(const Bundle& model, std::size_t picture,
                        std::span<const float> summary) const;

  std::vector<Bundle> models_;
  std::vector<std::unique_ptr<Teacher>> teachers_;      // one, or one a model
  std::vector<std::unique_ptr<Teacher>> students_;      // a network like another: only its tokens
  std::vector<std::vector<float>> summaries_;           // [batch], of the teacher that ran last
  std::vector<float> teacher_tokens_, student_tokens_;  // [batch, layers, 1 + patch_count, width],
                                                        // normalised
};

}  // namespace novelty
