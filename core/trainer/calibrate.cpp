// SPDX-License-Identifier: Apache-2.0
// Training stage 4: what the held-out pictures score with the finished student.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "image/preprocess.h"
#include "trainer/held_out.h"
#include "trainer/run.h"

namespace novelty {
namespace {

constexpr std::size_t kReportedFrames = 4;    // most and least normal, each
constexpr std::size_t kReportedScores = 200;  // of the pictures trained on

// Pictures the density is learnt from, at most: far more than the shared covariance needs.
constexpr std::size_t kDensityPictures = 400;

// What the discrepancy of a whole picture counts beside the picture's density, both in standard
// deviations of held-out pictures: equal parts rank worse than the density alone. See
// docs/method.md.
constexpr double kPictureDiscrepancyWeight = 0.1;

// From the cache, varied copies included: what varies normally does not count as far away.
Density fit_density(const TrainingRun& run, FeatureCache& cache) {
  const auto places = static_cast<std::size_t>(run.config().patch_count());
  const auto width = static_cast<std::size_t>(run.config().width);
  DensityFitter fitter(places, width);
  std::vector<float> tokens(places * width);
  const std::size_t count = std::min(cache.size(), kDensityPictures);
  for (std::size_t i = 0; i < count; ++i) {
    cache.load(i * cache.size() / count, {.tokens = tokens});
    fitter.add(tokens);
  }
  return fitter.fit();
}

// From every picture trained on.
PictureDensity fit_pictures(const TrainingRun& run, FeatureCache& cache) {
  const auto width = static_cast<std::size_t>(run.config().width);
  std::vector<float> cls(width), summaries;
  std::vector<float> tokens(static_cast<std::size_t>(run.config().patch_count()) * width);
  for (std::size_t i = 0; i < cache.size(); ++i) {
    cache.load(i, {.tokens = tokens, .cls = cls});
    const auto summary = summary_of(cls, tokens);
    summaries.insert(summaries.end(), summary.begin(), summary.end());
  }
  return fit_picture_density(summaries, 2 * width);
}

double deviation_of(const std::vector<float>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double square = 0;
  for (const float value : values) square += (double{value} - mean) * (double{value} - mean);
  return std::sqrt(square / count);
}

// The scales of the terms, from held-out pictures. Views alone would be another kind of picture
// than a recipe without varied copies has learnt; few pictures alone would leave the tail to
// chance.
void fit_scales(const HeldOut& held, std::size_t patches, bool whole_pictures,
                ScoreDefinition& score) {
  if (!whole_pictures) {
    score.discrepancy = fit_term(held.varied.discrepancy);
    score.density = fit_term(held.varied.distance);
    return;
  }
  const auto both = [](std::vector<float> a, const std::vector<float>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  const auto means = means_of(held.clean.discrepancy, patches);
  score.discrepancy = fit_term(both(means, means_of(held.varied.discrepancy, patches)));
  if (held.clean.picture.empty()) return;  // the discrepancy is the score
  score.picture = fit_term(both(held.clean.picture, held.varied.picture));
  const double terms = deviation_of(held.clean.picture) / score.picture.scale;
  if (terms > 0)  // else all held-out pictures are equal
    score.discrepancy.scale =
        std::max(deviation_of(means) / (kPictureDiscrepancyWeight * terms), 1e-6);
}

std::vector<double> doubles_of(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

// An even sample of the pictures trained on, from the cache: for the report only.
std::vector<double> training_scores(const TrainingRun& run, FeatureCache& cache, TermScorer& scorer,
                                    const ScoreDefinition& definition) {
  const std::size_t pictures = run.split.training.size();
  const std::size_t count = std::min(pictures, kReportedScores);
  std::vector<float> patches(run.picture_values());
  TermRows rows;
  for (std::size_t i = 0; i < count; ++i) {
    cache.load(i * pictures / count * (1 + run.recipe.variants), {.patches = patches});
    scorer.add(patches, rows);
  }
  const auto places = static_cast<std::size_t>(run.config().patch_count());
  return doubles_of(scores_of(values_of(rows, definition), places, definition.top_share));
}

// The `places` (into the held-out pictures) as pictures with their maps; reads them once more.
std::vector<ReportFrame> report_frames(const TrainingRun& run,
                                       const std::vector<std::size_t>& places,
                                       const std::vector<double>& scores,
                                       std::span<const float> rows,
                                       const Calibration& calibration) {
  const VitConfig& config = run.config();
  const auto patches = static_cast<std::size_t>(config.patch_count());
  PreprocessScratch scratch;
  std::vector<float> values;
  std::vector<ReportFrame> frames(places.size());
  visit_pictures(run.source, run.split.holdout, 0, [&](std::size_t place, const FrameView& frame) {
    const auto found = std::find(places.begin(), places.end(), place);
    if (found == places.end()) return;
    ReportFrame& out = frames[static_cast<std::size_t>(found - places.begin())];
    preprocess(frame, config.input_size, config.patch_size, scratch, values);
    out.index = run.split.holdout[place];
    out.score = scores[place];
    out.size = config.input_size;
    out.rgb = picture_of(values, config.input_size, config.patch_size);
    out.map_size = config.grid_size();
    out.map.resize(patches);
    calibrated_map(calibration, rows.subspan(place * patches, patches), out.map);
  });
  return frames;
}

void pick_report_frames(const TrainingRun& run, std::span<const float> rows,
                        const Calibration& calibration, TrainingReport& report) {
  const auto& scores = report.holdout_scores;
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  const std::size_t count = std::min(kReportedFrames, order.size() / 2);
  std::vector<std::size_t> places(order.begin(),
                                  order.begin() + static_cast<std::ptrdiff_t>(count));
  places.insert(places.end(), order.rbegin(), order.rbegin() + static_cast<std::ptrdiff_t>(count));
  auto frames = report_frames(run, places, scores, rows, calibration);
  const auto middle = frames.begin() + static_cast<std::ptrdiff_t>(count);
  report.most_normal.assign(std::make_move_iterator(frames.begin()),
                            std::make_move_iterator(middle));
  report.least_normal.assign(std::make_move_iterator(middle),
                             std::make_move_iterator(frames.end()));
}

}  // namespace

Decision calibrate(const TrainingRun& run, FeatureCache& cache, const Engine& engine,
                   TrainingReport& report) {
  const auto patches = static_cast<std::size_t>(run.config().patch_count());
  Decision decision;
  if (run.recipe.picture_density)
    decision.picture = fit_pictures(run, cache);
  else if (!run.recipe.whole_pictures)
    decision.density = fit_density(run, cache);
  decision.score.top_share = run.recipe.top_share;
  TermScorer scorer(engine, run.config(), decision.density, decision.picture);
  const std::size_t total = run.split.holdout.size();
  HeldOut held = score_held_out(
      run.source, run.split.holdout, run.config(), scorer, run.recipe.calibration_views,
      run.options.seed,
      [&](std::size_t done) { run.progress(TrainingStage::kCalibration, done, total); });
  fit_scales(held, patches, run.recipe.whole_pictures, decision.score);
  decision.calibration = calibration_of(held, decision.score, patches, run.source.interval_s(),
                                        run.recipe.events, run.options.target_per_hour);
  const auto clean = values_of(held.clean, decision.score);
  report.threshold = decision.calibration.threshold;
  report.holdout_scores = doubles_of(scores_of(clean, patches, decision.score.top_share));
  report.train_scores = training_scores(run, cache, scorer, decision.score);
  pick_report_frames(run, clean, decision.calibration, report);
  decision.sample = std::move(held.sample);
  return decision;
}

}  // namespace novelty
