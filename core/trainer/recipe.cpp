// SPDX-License-Identifier: Apache-2.0
// The presets by name.
#include "trainer/recipe.h"

#include <algorithm>

#include "novelty/error.h"
#include "trainer/plan.h"
#include "trainer/teacher.h"

namespace novelty {
namespace {

// Short footage is varied until it has about this many records; all footage at least once.
constexpr std::size_t kWantedRecords = 400;
constexpr std::size_t kMostVariants = 8;
// Steps at least, and epochs at least for longer footage.
constexpr std::size_t kLeastSteps = 350;
constexpr std::size_t kLeastEpochs = 3;
// The discrepancy of whole pictures counts little: a student of fewer steps ranks as well.
constexpr std::size_t kLeastPictureSteps = 150;

// Of the preset paper. The rate is not in the text; the reference has a constant 1e-5.
constexpr int kPaperEpochs = 10;
constexpr double kPaperRate = 5e-4;

constexpr std::int64_t kMillisecond = 1'000'000;

std::size_t quotient_up(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;
}

std::size_t variants_of(std::size_t pictures) {
  return std::min(kMostVariants,
                  std::max<std::size_t>(quotient_up(kWantedRecords, pictures), 2) - 1);
}

// A single odd frame is smoothed away, an object that stays for a fifth of a second is not, and one
// that is lost for less than a second stays one event.
EventOptions camera_events() {
  EventOptions events;
  events.smoothing_ns = 100 * kMillisecond;
  events.min_duration_ns = 200 * kMillisecond;
  events.hold_ns = 1000 * kMillisecond;
  return events;
}

// Chosen on training images alone, see docs/method.md.
TuningRecipe contrast_recipe(std::size_t pictures) {
  constexpr std::size_t kSteps = 40, kMostPasses = 4;
  TuningRecipe tuning;
  tuning.kind = FineTuning::kContrast;
  tuning.pictures = 1024;
  tuning.steps = std::min(kSteps, kMostPasses * quotient_up(pictures, tuning.batch));
  tuning.learning_rate = 1e-5;
  tuning.warmup = 0.1;
  return tuning;
}

// The paper's section 4.2.
TuningRecipe defend_recipe(std::size_t pictures, bool hard_targets) {
  constexpr std::size_t kEpochs = 3;
  TuningRecipe tuning;
  tuning.kind = FineTuning::kDefend;
  tuning.pictures = pictures;
  tuning.steps = kEpochs * steps_per_epoch(pictures, tuning.batch);
  tuning.learning_rate = 1e-4;
  tuning.hard_targets = hard_targets;
  return tuning;
}

TuningRecipe tuning_of(const TrainingOptions& options, std::size_t pictures) {
  const std::string kind = fine_tuning_of(options);
  if (kind == "none") return {};
  if (kind == "contrast") return contrast_recipe(pictures);
  if (kind == "defend" || kind == "defend-soft") return defend_recipe(pictures, kind == "defend");
  throw Error(ErrorKind::kSettings, "fine-tuning", "there is no \"" + kind + "\"",
              "use contrast, defend, defend-soft or none");
}

// What the options say of the student.
void set_student(const TrainingOptions& options, Recipe& recipe) {
  recipe.student_depth = options.student_depth;
  recipe.student_width = options.student_width;
  if (options.layers > 0) recipe.comparison.layers = options.layers;
  if (!options.normalisation.empty()) recipe.comparison.norm = token_norm_of(options.normalisation);
  if (!options.loss.empty()) recipe.comparison.loss = token_loss_of(options.loss);
}

}  // namespace

std::string fine_tuning_of(const TrainingOptions& options) {
  if (!options.fine_tuning.empty()) return options.fine_tuning;
  if (options.preset == "semantic")  // a compact teacher's features get worse: see docs/method.md
    return is_distilled(options.teacher_path) ? "none" : "contrast";
  return options.preset == "paper" ? "defend" : "none";
}

Recipe resolve_recipe(const TrainingOptions& options, std::size_t pictures) {
  Recipe recipe;
  recipe.events = camera_events();
  if (options.preset == "semantic") {
    recipe.whole_pictures = recipe.picture_density = true;
    recipe.guards_scene = false;
    recipe.top_share = 1;
  } else if (options.preset == "paper") {
    recipe.whole_pictures = recipe.whole_student = true;
    recipe.guards_scene = false;
    recipe.top_share = 1;
    recipe.batch = 32;
    recipe.learning_rate = kPaperRate;
  } else if (options.preset == "inspection") {
    // The paper's best at the level of pixels, with the density of each place.
    recipe.comparison = {5, TokenNorm::kLayer, TokenLoss::kSmoothL1};
    recipe.whole_student = true;
    recipe.guards_scene = false;
    recipe.variants = variants_of(pictures);
  } else if (options.preset == "camera") {
    recipe.variants = variants_of(pictures);
  } else {
    throw Error(ErrorKind::kSettings, "preset", "there is no preset \"" + options.preset + "\"",
                "use camera, semantic, inspection or paper");
  }
  set_student(options, recipe);
  if (options.batch_size > 0) recipe.batch = static_cast<std::size_t>(options.batch_size);
  if (options.learning_rate > 0) recipe.learning_rate = options.learning_rate;
  const std::size_t records = pictures * (1 + recipe.variants);
  recipe.tuning = tuning_of(options, pictures);
  const int epochs =
      options.epochs == 0 && options.preset == "paper" ? kPaperEpochs : options.epochs;
  recipe.steps = epochs > 0
                     ? static_cast<std::size_t>(epochs) * steps_per_epoch(records, recipe.batch)
                     : std::max(recipe.whole_pictures ? kLeastPictureSteps : kLeastSteps,
                                quotient_up(kLeastEpochs * records, recipe.batch));
  return recipe;
}

}  // namespace novelty
