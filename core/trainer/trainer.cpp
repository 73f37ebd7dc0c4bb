// SPDX-License-Identifier: Apache-2.0
// Trains a model bundle: checks, the stages in order, the work folder around them.
#include "novelty/trainer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "bundle/bundle.h"
#include "nn/mask.h"
#include "novelty/error.h"
#include "trainer/feature_writer.h"
#include "trainer/promise.h"
#include "trainer/run.h"
#include "trainer/source_facts.h"

namespace novelty {
namespace {

using nlohmann::json;

void check(bool holds, const char* option, const std::string& value, const char* remedy) {
  if (!holds) throw Error(ErrorKind::kSettings, option, value + " is out of range", remedy);
}

void check_options(const TrainingOptions& options) {
  const auto in = [](double value, double low, double high) {
    return value >= low && value <= high;
  };
  check(!options.output.empty(), "output", "an empty path", "name the bundle to write");
  check(in(options.input_size, 0, 1024), "input size", std::to_string(options.input_size),
        "use pixels a side up to 1024, such as 224");
  check(in(options.mask_ratio, 0, 0.95), "mask ratio", std::to_string(options.mask_ratio),
        "use 0 to 0.95");
  check(in(options.layers, 0, 64), "layers", std::to_string(options.layers), "use 1 to 64");
  check(in(options.student_depth, 0, 64), "student depth", std::to_string(options.student_depth),
        "use 1 to 64 blocks");
  check(in(options.student_width, 0, 4096) && options.student_width % 64 == 0, "student width",
        std::to_string(options.student_width), "use a multiple of 64 up to 4096");
  check(in(options.epochs, 0, 1e6), "epochs", std::to_string(options.epochs), "use 1 to 1000000");
  check(in(options.batch_size, 0, 4096), "batch size", std::to_string(options.batch_size),
        "use 1 to 4096");
  check(in(options.learning_rate, 0, 1), "learning rate", std::to_string(options.learning_rate),
        "use a number over 0 and up to 1, such as 0.0005");
  check(options.holdout > 0 && options.holdout <= 0.5, "holdout", std::to_string(options.holdout),
        "use a share over 0 and up to 0.5");
  check_target(options.target_per_hour);
  check(in(options.threads, 0, 64), "threads", std::to_string(options.threads),
        "use 1 to 64, or 0 for all cores");
  mask_kind_of(options.mask);
}

// Before hours of work.
void check_networks(const TrainingRun& run) {
  const VitConfig student = run.student_config();
  const int layers = run.recipe.comparison.layers;
  const int blocks = std::min(student.depth, run.config().depth);
  check(layers <= blocks, "layers", std::to_string(layers),
        ("the networks have " + std::to_string(blocks) + " blocks to compare").c_str());
  check_vit_config(student, "student");
}

// All that the bundle's bytes depend on. Stored in the work folder and in the bundle.
json identity_of(const TrainingRun& run) {
  const TrainingOptions& options = run.options;
  json facts{{"tool_version", NOVELTY_VERSION},
             {"source", source_facts(run.source)},
             {"pictures", run.source.count()},
             {"time_ordered", run.source.interval_s() > 0},
             {"teacher", run.teacher.name},
             {"teacher_sha256", run.teacher.sha256},
             {"preset", options.preset},
             {"fine_tuning", options.fine_tuning},
             {"batch_size", options.batch_size},
             {"learning_rate", options.learning_rate},
             {"holdout", options.holdout},
             {"seed", options.seed},
             {"target_per_hour", options.target_per_hour},
             {"threads", options.threads}};
  if (options.input_size > 0) facts["input_size"] = options.input_size;
  facts.update(student_facts(options));
  return facts;
}

json provenance_of(const TrainingRun& run, const TrainingReport& report) {
  json facts = identity_of(run);
  facts["batch_size"] = run.recipe.batch;
  facts["learning_rate"] = run.recipe.learning_rate;
  facts["steps"] = run.recipe.steps;
  facts["variants"] = run.recipe.variants;
  if (!report.fine_tuning_loss.empty()) {
    facts["fine_tuning_steps"] = report.fine_tuning_loss.size();
    facts["fine_tuning_final_loss"] = report.fine_tuning_loss.back();
  }
  facts["final_loss"] = report.step_loss.back();
  facts["warnings"] = report.warnings;
  return facts;
}

ModelInfo info_of(const TrainingRun& run, const Calibration& calibration) {
  const VitConfig& config = run.config();
  ModelInfo info;
  info.preset = run.options.preset;
  info.teacher_name = run.teacher.name;
  info.teacher_sha256 = run.teacher.sha256;
  info.teacher_fine_tuning = run.teacher.fine_tuning;
  info.untrained_teacher = run.teacher.untrained;
  info.input_size = config.input_size;
  info.patch_size = config.patch_size;
  info.grid_size = config.grid_size();
  info.teacher_width = config.width;
  info.teacher_depth = config.depth;
  info.student_width = run.student_config().width;
  info.student_depth = run.student_config().depth;
  info.threshold = calibration.threshold;
  info.threshold_p_value = DecisionScale(calibration).p_value(calibration.threshold);
  info.training_frames = static_cast<std::int64_t>(run.split.training.size());
  info.calibration_frames = static_cast<std::int64_t>(run.split.holdout.size());
  return info;
}

// Stage kWriting. The bundle is read back: what is left behind has passed every check of loading.
void write_model(const TrainingRun& run, const Student& student, Decision decision,
                 const SceneReference& scene, TrainingReport& report) {
  run.progress(TrainingStage::kWriting, 0, 1);
  Bundle bundle;
  bundle.info = info_of(run, decision.calibration);
  bundle.teacher = run.teacher.network;
  bundle.student = student.network;
  bundle.scene = scene;
  bundle.events = run.recipe.events;
  bundle.events.threshold = decision.calibration.threshold;
  bundle.events.exit_threshold = decision.calibration.exit_threshold;
  bundle.score = decision.score;
  bundle.density = std::move(decision.density);
  bundle.picture = std::move(decision.picture);
  bundle.calibration = std::move(decision.calibration);
  bundle.provenance_json = provenance_of(run, report).dump();
  RangeStorage ranges;
  check_precisions(decision.sample, run.options.threads, ranges, bundle);
  report.model_id = write_bundle(bundle, run.options.output);
  const ModelInfo info = read_bundle(run.options.output).info;
  report.facts_json = info.facts_json;
  report.promise = promise_text(info);
  if (const auto warning = promise_warning(info)) report.warnings.push_back(*warning);
}

TrainingReport run_stages(TrainingRun& run) {
  const WorkFolder folder(run.options.output, identity_of(run).dump(), run.options.resume);
  TrainingReport report;
  report.teacher_name = run.teacher.name;
  report.untrained_teacher = run.teacher.untrained;
  report.warnings = run.teacher.warnings;
  fine_tune(run, folder, report);
  {
    FeatureCache cache(folder.path("cache.bin"), feature_layout(run.teacher.network));
    cache_features(run, cache);
    const Student student = distil(run, cache, folder);
    report.step_loss.assign(student.losses.begin(), student.losses.end());
    const auto engine = run.backend.make_engine(run.teacher.network, student.network,
                                                {.threads = run.options.threads});
    Decision decision = calibrate(run, cache, *engine, report);
    write_model(run, student, std::move(decision),
                run.recipe.guards_scene ? learn_scene(run, cache) : SceneReference{}, report);
  }
  folder.remove();
  if (run.callback) run.callback({TrainingStage::kWriting, 1, 1, 0});
  return report;
}

}  // namespace

TrainingReport train(FrameSource& source, const TrainingOptions& options,
                     const TrainingCallback& callback) {
  check_options(options);
  check_writable(options.output);
  Split split =
      split_pictures(source.count(), source.interval_s() > 0, options.holdout, options.seed);
  TrainingOptions chosen = options;
  chosen.fine_tuning = fine_tuning_of(options);
  chosen.threads = resolved_threads(options.threads);
  Recipe recipe = resolve_recipe(chosen, split.training.size());
  TeacherWeights teacher = load_teacher(options.teacher_path, options.input_size);
  if (options.layers == 0)  // a preset's: as many as there are
    recipe.comparison.layers = std::min(recipe.comparison.layers, teacher.network.config.depth);
  teacher.network.comparison = recipe.comparison;
  TrainingRun run{source, callback, backend_in("fp32"), training_backend(),
                  chosen, recipe,   std::move(teacher), std::move(split)};
  check_networks(run);
  return run_stages(run);
}

}  // namespace novelty
