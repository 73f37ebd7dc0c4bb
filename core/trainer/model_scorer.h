// SPDX-License-Identifier: Apache-2.0
// Scores pictures with a bundle as live use does, and shows what lies between picture and score.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bundle/bundle.h"
#include "engine/backend.h"
#include "image/preprocess.h"
#include "scoring/exceptions.h"

namespace novelty {

/// Not thread-safe.
class ModelScorer {
 public:
  /// bundle: outlives the scorer. threads: 0 = all cores. precision: see EngineOptions.
  ModelScorer(const Bundle& bundle, int threads, const std::string& precision = "fp32");

  /// The networks' input of a frame, [patches, patch values]; valid until the next call.
  std::span<const float> prepare(const FrameView& frame);

  /// Scores [patches, patch values]. What follows is of the picture scored last.
  void score(std::span<const float> patches);

  std::span<const float> values() const { return values_; }  ///< [patches], exceptions applied
  std::span<const float> tokens() const { return tokens_; }  ///< [patches, width]
  float image_score() const;

  /// Takes the exceptions that the bundle has now.
  void reload_exceptions() { exceptions_.emplace(bundle_.density, bundle_.info.grid_size); }

 private:
  const Bundle& bundle_;
  std::shared_ptr<const Engine> engine_;
  std::unique_ptr<Engine::Scratch> scratch_;
  std::optional<ExceptionIndex> exceptions_;
  PreprocessScratch preprocess_;
  std::vector<float> patches_, discrepancy_, tokens_, cls_, distance_, values_;
};

}  // namespace novelty
