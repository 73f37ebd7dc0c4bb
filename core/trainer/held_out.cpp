// SPDX-License-Identifier: Apache-2.0
// What held-out footage scores, and the calibration that follows from it.
#include "trainer/held_out.h"

#include <algorithm>
#include <utility>

#include "image/preprocess.h"
#include "trainer/run.h"
#include "trainer/variation.h"

namespace novelty {
namespace {

// The map starts at the value that one patch of normal footage in ten exceeds.
constexpr double kMapZeroShare = 0.9;
// Where pictures are scored by the mean of all patches, single ones lie far over a threshold for
// it: the map's one is at least what one patch in a thousand exceeds.
constexpr double kMapOneShare = 0.999;
// Least distance of the map's one from its zero.
constexpr double kLeastMapRange = 1e-3;

void append(std::vector<float>& rows, std::span<const float> row) {
  rows.insert(rows.end(), row.begin(), row.end());
}

// One scale for all patches. It is 1 at the threshold of the image score: an area that large at
// that value makes the picture novel.
void fit_map(std::vector<float> values, bool whole_pictures, Calibration& calibration) {
  std::sort(values.begin(), values.end());
  calibration.map_zero = quantile_of(values, kMapZeroShare);
  calibration.map_one = std::max(calibration.threshold, calibration.map_zero + kLeastMapRange);
  if (whole_pictures)
    calibration.map_one = std::max(calibration.map_one, quantile_of(values, kMapOneShare));
}

}  // namespace

TermScorer::TermScorer(const Engine& engine, const VitConfig& config, const Density& density,
                       const PictureDensity& picture)
    : engine_(engine),
      density_(density),
      picture_(picture),
      scratch_(engine.make_scratch()),
      discrepancy_(static_cast<std::size_t>(config.patch_count())),
      tokens_(discrepancy_.size() * static_cast<std::size_t>(config.width)),
      cls_(static_cast<std::size_t>(config.width)),
      distance_(density.patches()) {}

void TermScorer::add(std::span<const float> patches, TermRows& rows) {
  engine_.score(patches, *scratch_, discrepancy_, tokens_, cls_);
  append(rows.discrepancy, discrepancy_);
  if (!picture_.empty())
    rows.picture.push_back(picture_distance(picture_, summary_of(cls_, tokens_)));
  if (density_.empty()) return;
  density_distances(density_, tokens_, distance_);
  append(rows.distance, distance_);
}

std::vector<std::size_t> views_of(std::size_t place, std::size_t pictures, std::size_t views) {
  std::vector<std::size_t> result;
  for (std::size_t view = 0; view < views; ++view)
    if ((pictures > views ? view * pictures / views : view % pictures) == place)
      result.push_back(view);
  return result;
}

std::vector<float> varied_view(std::span<const float> patches, const VitConfig& config,
                               std::uint64_t seed, std::size_t view) {
  std::vector<float> varied(patches.begin(), patches.end());
  Rng rng = rng_for(seed, Draw::kCalibrationView, view);
  vary(draw_variation(rng), config.input_size, config.patch_size, rng, varied);
  return varied;
}

HeldOut score_held_out(FrameSource& source, std::span<const std::size_t> positions,
                       const VitConfig& config, TermScorer& scorer, std::size_t views,
                       std::uint64_t seed, const std::function<void(std::size_t)>& progress) {
  HeldOut result{PictureSample(positions.size()), {}, {}};
  PreprocessScratch scratch;
  std::vector<float> original;
  progress(0);
  visit_pictures(source, positions, 0, [&](std::size_t place, const FrameView& frame) {
    preprocess(frame, config.input_size, config.patch_size, scratch, original);
    scorer.add(original, result.clean);
    result.sample.offer(place, original);
    for (const std::size_t view : views_of(place, positions.size(), views)) {
      scorer.add(varied_view(original, config, seed, view), result.varied);
    }
    progress(place + 1);
  });
  return result;
}

std::vector<float> means_of(std::span<const float> discrepancy, std::size_t patches) {
  std::vector<float> means;
  for (; !discrepancy.empty(); discrepancy = discrepancy.subspan(patches))
    means.push_back(static_cast<float>(image_score(discrepancy.first(patches), 1)));
  return means;
}

std::vector<float> values_of(const TermRows& rows, const ScoreDefinition& definition) {
  std::vector<float> values(rows.discrepancy.size());
  patch_values(definition, rows.discrepancy, rows.distance, values);
  const std::size_t patches = rows.picture.empty() ? 0 : values.size() / rows.picture.size();
  for (std::size_t i = 0; i < rows.picture.size(); ++i)
    add_picture_term(definition.picture, rows.picture[i],
                     std::span(values).subspan(i * patches, patches));
  return values;
}

std::vector<float> scores_of(std::span<const float> values, std::size_t patches, double top_share) {
  std::vector<float> scores;
  for (; !values.empty(); values = values.subspan(patches))
    scores.push_back(static_cast<float>(image_score(values.first(patches), top_share)));
  return scores;
}

Calibration calibration_of(const HeldOut& held, const ScoreDefinition& definition,
                           std::size_t patches, double interval_s, const EventOptions& events,
                           double target_per_hour) {
  const auto in_time = scores_of(values_of(held.clean, definition), patches, definition.top_share);
  return calibration_of(in_time, values_of(held.varied, definition), definition, patches,
                        interval_s, events, target_per_hour);
}

Calibration calibration_of(std::span<const float> in_time, std::vector<float> view_values,
                           const ScoreDefinition& definition, std::size_t patches,
                           double interval_s, const EventOptions& events, double target_per_hour) {
  const auto views = scores_of(view_values, patches, definition.top_share);
  Calibration calibration = fit_calibration({in_time, views, interval_s}, events, target_per_hour);
  fit_map(std::move(view_values), definition.top_share == 1, calibration);
  return calibration;
}

}  // namespace novelty
