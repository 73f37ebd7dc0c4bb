// SPDX-License-Identifier: Apache-2.0
// Training stage 3: what the held-out pictures score with the finished student.
#include <algorithm>
#include <numeric>

#include "image/preprocess.h"
#include "trainer/run.h"
#include "trainer/variation.h"

namespace novelty {
namespace {

constexpr std::size_t kReportedFrames = 4;    // most and least normal, each
constexpr std::size_t kReportedScores = 200;  // of the pictures trained on

// Scores with the engine of live use, so that a held-out picture scores here what it would there:
// pictures are read and converted anew, in full precision, not taken from the half-float cache.
class Scorer {
 public:
  Scorer(const TrainingRun& run, const Engine& engine)
      : engine_(engine),
        scratch_(engine.make_scratch()),
        discrepancy_(static_cast<std::size_t>(run.config().patch_count())) {}

  std::span<const float> operator()(std::span<const float> patches) {
    engine_.score(patches, *scratch_, discrepancy_);
    return discrepancy_;
  }

 private:
  const Engine& engine_;
  std::unique_ptr<Engine::Scratch> scratch_;
  std::vector<float> discrepancy_;
};

// The discrepancies of the held-out pictures.
struct HeldOut {
  std::vector<float> clean;   // [pictures, patches]
  std::vector<float> varied;  // [calibration_views, patches]
};

// Which views are of held-out picture `place`: the views go round the pictures, or are spread over
// them evenly when there are more pictures than views.
std::vector<std::size_t> views_of(std::size_t place, std::size_t pictures, std::size_t views) {
  std::vector<std::size_t> result;
  for (std::size_t view = 0; view < views; ++view)
    if ((pictures > views ? view * pictures / views : view % pictures) == place)
      result.push_back(view);
  return result;
}

HeldOut score_held_out(const TrainingRun& run, Scorer& scorer) {
  const VitConfig& config = run.config();
  const std::size_t total = run.split.holdout.size();
  HeldOut result;
  PreprocessScratch scratch;
  std::vector<float> original, varied;
  const auto keep = [](std::vector<float>& rows, std::span<const float> row) {
    rows.insert(rows.end(), row.begin(), row.end());
  };
  run.progress(TrainingStage::kCalibration, 0, total);
  visit_pictures(run.source, run.split.holdout, 0, [&](std::size_t place, const FrameView& frame) {
    preprocess(frame, config.input_size, config.patch_size, scratch, original);
    keep(result.clean, scorer(original));
    for (const std::size_t view : views_of(place, total, run.recipe.calibration_views)) {
      varied = original;
      Rng rng = rng_for(run.options.seed, Draw::kCalibrationView, view);
      vary(draw_variation(rng), config.input_size, config.patch_size, rng, varied);
      keep(result.varied, scorer(varied));
    }
    run.progress(TrainingStage::kCalibration, place + 1, total);
  });
  return result;
}

std::vector<double> scores_of_rows(const TrainingRun& run, std::span<const float> rows) {
  const auto patches = static_cast<std::size_t>(run.config().patch_count());
  std::vector<double> scores;
  for (; !rows.empty(); rows = rows.subspan(patches))
    scores.push_back(image_score(rows.first(patches), {}, {}, run.recipe.score));
  return scores;
}

// One scale for all patches: 0 at what one normal patch in ten exceeds, 1 at the threshold.
void fit_map(Calibration& calibration, std::span<const float> rows) {
  std::vector<float> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end());
  calibration.map_zero = quantile_of(sorted, 0.9);
  calibration.map_one = std::max(calibration.threshold, calibration.map_zero + 1e-3);
}

// An even sample of the pictures trained on, from the cache: for the report only.
std::vector<double> training_scores(const TrainingRun& run, FeatureCache& cache, Scorer& scorer) {
  const std::size_t pictures = run.split.training.size();
  const std::size_t count = std::min(pictures, kReportedScores);
  std::vector<float> patches(run.picture_values());
  std::vector<double> scores;
  for (std::size_t i = 0; i < count; ++i) {
    cache.load(i * pictures / count * (1 + run.recipe.variants), patches, {}, {});
    scores.push_back(image_score(scorer(patches), {}, {}, run.recipe.score));
  }
  return scores;
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

Calibration calibrate(const TrainingRun& run, FeatureCache& cache, const Engine& engine,
                      TrainingReport& report) {
  Scorer scorer(run, engine);
  const HeldOut held = score_held_out(run, scorer);
  report.holdout_scores = scores_of_rows(run, held.clean);
  const auto views = scores_of_rows(run, held.varied);
  const std::vector<float> in_time(report.holdout_scores.begin(), report.holdout_scores.end());
  const std::vector<float> varied(views.begin(), views.end());
  Calibration calibration = fit_calibration({in_time, varied, 0}, run.recipe.events);
  fit_map(calibration, held.varied);
  report.threshold = calibration.threshold;
  report.train_scores = training_scores(run, cache, scorer);
  pick_report_frames(run, held.clean, calibration, report);
  return calibration;
}

}  // namespace novelty
