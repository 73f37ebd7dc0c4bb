// SPDX-License-Identifier: Apache-2.0
// Replaces a bundle's calibration, and nothing else of it.
#include "novelty/recalibration.h"

#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>
#include <vector>

#include "base/file.h"
#include "bundle/bundle.h"
#include "novelty/error.h"
#include "trainer/held_out.h"
#include "trainer/model_scorer.h"
#include "trainer/precision_check.h"
#include "trainer/recipe.h"
#include "trainer/run.h"
#include "trainer/source_facts.h"

namespace novelty {
namespace {

using nlohmann::json;

struct Scored {
  PictureSample sample;
  std::vector<float> in_time;      // [pictures]: all that is kept of each
  std::vector<float> view_values;  // [views, patches]
};

// The views' draws are those of a training with seed 0.
Scored score_all(FrameSource& source, const Bundle& bundle, int threads,
                 const ModelUpdateCallback& callback) {
  ModelScorer scorer(bundle, threads);
  std::vector<std::size_t> positions(source.count());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  Scored result{PictureSample(positions.size()), {}, {}};
  check_progress(callback, bundle.info.path, 0, positions.size());
  visit_pictures(source, positions, 0, [&](std::size_t place, const FrameView& frame) {
    const auto patches = scorer.prepare(frame);
    result.sample.offer(place, patches);
    scorer.score(patches);
    result.in_time.push_back(scorer.image_score());
    for (const auto view : views_of(place, positions.size(), Recipe().calibration_views)) {
      scorer.score(varied_view(patches, bundle.teacher.config, 0, view));
      const auto values = scorer.values();
      result.view_values.insert(result.view_values.end(), values.begin(), values.end());
    }
    check_progress(callback, bundle.info.path, place + 1, positions.size());
  });
  return result;
}

void set_thresholds(Bundle& bundle) {
  const Calibration& calibration = bundle.calibration;
  bundle.events.threshold = calibration.threshold;
  bundle.events.exit_threshold = calibration.exit_threshold;
  bundle.info.threshold_p_value = DecisionScale(calibration).p_value(calibration.threshold);
}

ModelInfo write(Bundle& bundle, const json& provenance, const std::string& output) {
  bundle.provenance_json = provenance.dump();
  write_bundle(bundle, output);
  return read_bundle(output).info;
}

}  // namespace

ModelInfo recalibrate(FrameSource& source, const RecalibrationOptions& options,
                      const ModelUpdateCallback& callback) {
  if (options.target_per_hour) check_target(*options.target_per_hour);
  Bundle bundle = read_bundle(options.model);
  check_writable(options.output);
  const double target = options.target_per_hour.value_or(bundle.calibration.target_per_hour);
  Scored scored = score_all(source, bundle, options.threads, callback);
  bundle.info.calibration_frames = static_cast<std::int64_t>(scored.in_time.size());
  bundle.calibration = calibration_of(scored.in_time, std::move(scored.view_values), bundle.score,
                                      static_cast<std::size_t>(bundle.teacher.config.patch_count()),
                                      source.interval_s(), bundle.events, target);
  set_thresholds(bundle);
  RangeStorage ranges;
  check_precisions(scored.sample, options.threads, ranges, bundle);
  json provenance = json::parse(bundle.provenance_json);
  provenance["recalibration"] = {{"tool_version", NOVELTY_VERSION},
                                 {"source", source_facts(source)},
                                 {"pictures", scored.in_time.size()},
                                 {"time_ordered", source.interval_s() > 0},
                                 {"target_per_hour", target}};
  return write(bundle, provenance, options.output);
}

ModelInfo retarget(const RecalibrationOptions& options) {
  if (!options.target_per_hour)
    throw Error(ErrorKind::kSettings, "target", "is missing", "give false alarms an hour");
  check_target(*options.target_per_hour);
  Bundle bundle = read_bundle(options.model);
  check_writable(options.output);
  retarget_calibration(bundle.calibration, *options.target_per_hour);
  set_thresholds(bundle);
  json provenance = json::parse(bundle.provenance_json);
  provenance["new_target_per_hour"] = *options.target_per_hour;
  return write(bundle, provenance, options.output);
}

}  // namespace novelty
