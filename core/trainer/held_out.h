// SPDX-License-Identifier: Apache-2.0
// What held-out footage scores, and the calibration that follows from it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "calibration/calibration.h"
#include "engine/backend.h"
#include "novelty/events.h"
#include "novelty/trainer.h"
#include "scoring/patch_values.h"
#include "scoring/picture_density.h"
#include "trainer/precision_check.h"

namespace novelty {

/// The terms of pictures. What the model has no density for is empty.
struct TermRows {
  std::vector<float> discrepancy;  ///< [pictures, patches]
  std::vector<float> distance;     ///< [pictures, patches]
  std::vector<float> picture;      ///< [pictures]
};

/// Runs the engine of live use, so that a held-out picture scores here what it would there:
/// pictures are read and converted anew, in full precision, not taken from the half-float cache.
class TermScorer {
 public:
  /// All must outlive the scorer.
  TermScorer(const Engine& engine, const VitConfig& config, const Density& density,
             const PictureDensity& picture);

  /// Adds the terms of a picture to `rows`. patches: [patches, patch values] in [0,1].
  void add(std::span<const float> patches, TermRows& rows);

 private:
  const Engine& engine_;
  const Density& density_;
  const PictureDensity& picture_;
  std::unique_ptr<Engine::Scratch> scratch_;
  std::vector<float> discrepancy_, tokens_, cls_, distance_;
};

/// Held-out pictures and varied views of them.
struct HeldOut {
  PictureSample sample;
  TermRows clean;   ///< of the pictures, in order
  TermRows varied;  ///< of the views
};

/// Pictures `positions` of `source`, and `views` varied views that go round them. `progress` is
/// called with the pictures done; it may throw.
HeldOut score_held_out(FrameSource& source, std::span<const std::size_t> positions,
                       const VitConfig& config, TermScorer& scorer, std::size_t views,
                       std::uint64_t seed, const std::function<void(std::size_t)>& progress);

/// Which views are of held-out picture `place`: the views go round the pictures, or are spread over
/// them evenly when there are more pictures than views.
std::vector<std::size_t> views_of(std::size_t place, std::size_t pictures, std::size_t views);

/// View number `view` (< 2^56) of a picture, varied as a day brings. patches: [patches, values].
std::vector<float> varied_view(std::span<const float> patches, const VitConfig& config,
                               std::uint64_t seed, std::size_t view);

/// The means of the rows of `discrepancy`, [pictures, patches].
std::vector<float> means_of(std::span<const float> discrepancy, std::size_t patches);

/// The values of all patches of `rows`, [pictures, patches].
std::vector<float> values_of(const TermRows& rows, const ScoreDefinition& definition);

/// The image scores of `values`, [pictures].
std::vector<float> scores_of(std::span<const float> values, std::size_t patches, double top_share);

/// Thresholds, p-values and the map's scale. interval_s: between held-out pictures, 0 = unordered.
Calibration calibration_of(const HeldOut& held, const ScoreDefinition& definition,
                           std::size_t patches, double interval_s, const EventOptions& events,
                           double target_per_hour);

/// The same from the image scores of the pictures in order and the patch values of the views.
Calibration calibration_of(std::span<const float> in_time, std::vector<float> view_values,
                           const ScoreDefinition& definition, std::size_t patches,
                           double interval_s, const EventOptions& events, double target_per_hour);

}  // namespace novelty
