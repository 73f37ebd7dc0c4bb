// SPDX-License-Identifier: Apache-2.0
// Training stage 1: the teacher is fine-tuned on the training pictures.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "image/preprocess.h"
#include "novelty/error.h"
#include "trainer/contrast_view.h"
#include "trainer/feature_writer.h"
#include "trainer/picture_part.h"
#include "trainer/run.h"
#include "trainer/step_loop.h"

namespace novelty {
namespace {

constexpr const char* kCheckpoint = "fine-tuning";
constexpr const char* kPictures = "fine-tuning.bin";

// What a step leaves behind: its loss, and how many prototypes were in use (0 without any).
constexpr std::size_t kRecorded = 2;

// A loss over this share of that of uniform predictions has learnt nothing.
constexpr double kCollapsedLoss = 0.95;

// Of the picture's area: DEFEND's crops, as in the reference. Their aspect is ours.
constexpr double kLeastCrop = 0.1, kMostCrop = 0.3, kCropLogAspect = 0.2;

// An even sample of the training pictures.
std::vector<std::size_t> sample_of(const TrainingRun& run) {
  const auto& all = run.split.training;
  std::vector<std::size_t> sample(std::min(all.size(), run.recipe.tuning.pictures));
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = all[i * all.size() / sample.size()];
  return sample;
}

// Counted in pictures: each is kept once, then `batch` are seen in each step.
void tell(const TrainingRun& run, std::size_t kept, std::size_t steps, double loss = 0) {
  const TuningRecipe& recipe = run.recipe.tuning;
  const std::size_t pictures = std::min(run.split.training.size(), recipe.pictures);
  run.progress(TrainingStage::kFineTuning, kept + steps * recipe.batch,
               pictures + recipe.steps * recipe.batch, loss);
}

void fill(const TrainingRun& run, FeatureCache& cache, Describe describe) {
  const auto pictures = sample_of(run);
  if (cache.size() >= pictures.size()) return;
  FeatureWriter writer(cache, std::move(describe), [&] { tell(run, cache.size(), 0); });
  const VitConfig& config = run.config();
  PreprocessScratch scratch;
  std::vector<float> patches;
  visit_pictures(run.source, pictures, cache.size(), [&](std::size_t, const FrameView& frame) {
    preprocess(frame, config.input_size, config.patch_size, scratch, patches);
    writer.add(patches);
  });
  writer.flush();
}

// One kind of fine-tuning, ready for its steps.
class Tuning {
 public:
  virtual ~Tuning() = default;
  virtual TeacherTuner& tuner() = 0;

  // Pure functions of `step` and the state of the tuner.
  virtual std::array<float, kRecorded> apply(std::size_t step) = 0;
};

StepOptions step_options(const TuningRecipe& recipe, std::size_t step) {
  StepOptions options;
  options.learning_rate =
      recipe.warmup > 0 ? learning_rate_at(step, recipe.steps, recipe.learning_rate, recipe.warmup)
                        : recipe.learning_rate;
  options.weight_decay = 0.01;
  options.beta2 = 0.999;
  return options;
}

class ContrastTuning : public Tuning {
 public:
  ContrastTuning(const TrainingRun& run, FeatureCache& cache, const TensorMap& state)
      : run_(run), cache_(cache), views_(run.config().input_size, run.config().patch_size) {
    fill(run, cache, teacher_features(run.backend, run.teacher, run.options.threads));
    trainer_ = run.training.make_contrast_trainer(run.teacher.network, centre(), state,
                                                  run.options.threads);
  }

  TeacherTuner& tuner() override { return *trainer_; }

  std::array<float, kRecorded> apply(std::size_t step) override {
    const auto records =
        batch_of_step(step, cache_.size(), run_.recipe.tuning.batch, run_.options.seed);
    const std::size_t values = run_.picture_values();
    views_of_batch_.resize(2 * records.size() * values);
    picture_.resize(values);
    for (std::size_t i = 0; i < records.size(); ++i) {
      cache_.load(records[i], {.patches = picture_});
      views_.set_picture(picture_);
      Rng rng = rng_for(run_.options.seed, Draw::kTuningView, step * records.size() + i);
      for (const std::size_t place : {i, records.size() + i}) {
        views_.draw(rng, view_);
        std::copy(view_.begin(), view_.end(),
                  views_of_batch_.begin() + static_cast<std::ptrdiff_t>(place * values));
      }
    }
    const double loss = trainer_->step(views_of_batch_, static_cast<int>(records.size()),
                                       step_options(run_.recipe.tuning, step));
    return {static_cast<float>(loss), 0};
  }

 private:
  std::vector<float> centre() {
    const auto width = static_cast<std::size_t>(run_.config().width);
    std::vector<double> sum(width);
    std::vector<float> cls(width);
    for (std::size_t i = 0; i < cache_.size(); ++i) {
      cache_.load(i, {.cls = cls});
      for (std::size_t k = 0; k < width; ++k) sum[k] += double{cls[k]};
    }
    for (std::size_t k = 0; k < width; ++k)
      cls[k] = static_cast<float>(sum[k] / static_cast<double>(cache_.size()));
    return cls;
  }

  const TrainingRun& run_;
  FeatureCache& cache_;
  ContrastViews views_;
  std::unique_ptr<ContrastTrainer> trainer_;
  std::vector<float> picture_, view_, views_of_batch_;
};

class DefendTuning : public Tuning {
 public:
  DefendTuning(const TrainingRun& run, FeatureCache& cache, const TensorMap& state)
      : run_(run), cache_(cache) {
    const TuningRecipe& recipe = run.recipe.tuning;
    DefendOptions options;
    options.prototypes = recipe.prototypes;
    options.hard_targets = recipe.hard_targets;
    options.seed = run.options.seed;
    trainer_ =
        run.training.make_defend_trainer(run.teacher.network, options, state, run.options.threads);
    fill(run, cache, [&](std::span<const float> patches, int batch, const TeacherFeatures& out) {
      trainer_->frozen(patches, batch, out.tokens);
    });
  }

  TeacherTuner& tuner() override { return *trainer_; }

  std::array<float, kRecorded> apply(std::size_t step) override {
    const TuningRecipe& recipe = run_.recipe.tuning;
    const auto records = batch_of_step(step, cache_.size(), recipe.batch, run_.options.seed);
    const std::size_t tokens = cache_.layout().tokens;
    whole_.resize(records.size() * tokens);
    picture_.resize(run_.picture_values());
    crops_.clear();
    boxes_.clear();
    for (std::size_t i = 0; i < records.size(); ++i) {
      cache_.load(records[i],
                  {.patches = picture_, .tokens = std::span(whole_).subspan(i * tokens, tokens)});
      Rng rng = rng_for(run_.options.seed, Draw::kTuningView, step * records.size() + i);
      add_crops(rng);
    }
    StepOptions options = step_options(recipe, step);
    options.max_gradient_norm = 0;
    const DefendMeasures measures =
        trainer_->step(whole_, crops_, boxes_, static_cast<int>(records.size()), options);
    return {static_cast<float>(measures.loss), static_cast<float>(measures.in_use)};
  }

 private:
  // Of picture_.
  void add_crops(Rng& rng) {
    const int side = run_.config().input_size, patch = run_.config().patch_size;
    const auto rgb = picture_of(picture_, side, patch);
    for (int i = 0; i < run_.recipe.tuning.crops; ++i) {
      const PicturePart part = draw_part(rng, side, kLeastCrop, kMostCrop, kCropLogAspect);
      preprocess(part_view(rgb, side, part), trainer_->crop_grid() * patch, patch, scratch_, crop_);
      crops_.insert(crops_.end(), crop_.begin(), crop_.end());
      const auto share = [&](int at) { return static_cast<float>(at) / static_cast<float>(side); };
      boxes_.push_back(
          {share(part.x), share(part.y), share(part.x + part.width), share(part.y + part.height)});
    }
  }

  const TrainingRun& run_;
  FeatureCache& cache_;
  std::unique_ptr<DefendTrainer> trainer_;
  PreprocessScratch scratch_;
  std::vector<float> picture_, whole_, crop_, crops_;
  std::vector<Box> boxes_;
};

std::unique_ptr<Tuning> make_tuning(const TrainingRun& run, FeatureCache& cache,
                                    const TensorMap& state) {
  if (run.recipe.tuning.kind == FineTuning::kDefend)
    return std::make_unique<DefendTuning>(run, cache, state);
  return std::make_unique<ContrastTuning>(run, cache, state);
}

FeatureLayout layout_of(const TrainingRun& run) {
  FeatureLayout layout = feature_layout(run.teacher.network);
  layout.targets = 0;
  if (run.recipe.tuning.kind == FineTuning::kDefend) {
    layout.tokens = static_cast<std::size_t>(run.config().token_count()) * layout.cls;
    layout.attention = layout.cls = 0;
  }
  return layout;
}

void run_tuning(const TrainingRun& run, const WorkFolder& folder,
                const std::optional<Checkpoint>& checkpoint) {
  FeatureCache cache(folder.path(kPictures), layout_of(run));
  const auto tuning = make_tuning(run, cache, checkpoint ? checkpoint->state : TensorMap{});
  auto record = checkpoint ? checkpoint->losses : std::vector<float>{};
  const StepLoop loop{
      .stage = kCheckpoint,
      .steps = run.recipe.tuning.steps,
      .recorded = kRecorded,
      .step =
          [&](std::size_t step, std::vector<float>& values) {
            const auto added = tuning->apply(step);
            values.insert(values.end(), added.begin(), added.end());
          },
      .tell =
          [&](std::size_t done, const std::vector<float>& values) {
            tell(run, cache.size(), done, mean_of_last(values, kRecorded));
          },
      .export_state = [&](const auto& sink) { tuning->tuner().export_state(sink); }};
  run_steps(loop, folder, record);
}

// Why what was learnt is no use, or nothing.
std::optional<std::string> fault_of(const TuningRecipe& recipe,
                                    const std::vector<float>& recorded) {
  if (recipe.kind != FineTuning::kDefend) return std::nullopt;
  const double share = mean_of_last(recorded, kRecorded, 0) / std::log(recipe.prototypes);
  const double in_use = mean_of_last(recorded, kRecorded, 1);
  if (share <= kCollapsedLoss && in_use >= 0.5 * recipe.prototypes) return std::nullopt;
  return "fine-tuning collapsed and was undone: the loss ended at " + std::to_string(share) +
         " of that of uniform predictions, with " + std::to_string(std::lround(in_use)) + " of " +
         std::to_string(recipe.prototypes) + " prototypes in use";
}

}  // namespace

void fine_tune(TrainingRun& run, const WorkFolder& folder, TrainingReport& report) {
  const TuningRecipe& recipe = run.recipe.tuning;
  if (recipe.kind == FineTuning::kNone) return;
  auto checkpoint = folder.read_checkpoint(kCheckpoint);
  if (!checkpoint || checkpoint->losses.size() < recipe.steps * kRecorded) {
    run_tuning(run, folder, checkpoint);
    checkpoint = folder.read_checkpoint(kCheckpoint);
  }
  std::error_code ignored;
  std::filesystem::remove(folder.path(kPictures), ignored);
  for (std::size_t i = 0; i < checkpoint->losses.size(); i += kRecorded)
    report.fine_tuning_loss.push_back(double{checkpoint->losses[i]});
  if (const auto fault = fault_of(recipe, checkpoint->losses)) {
    report.warnings.push_back(*fault);
    return;
  }
  replace_tensors(run.teacher, checkpoint->state, "network.");
  run.teacher.fine_tuning = run.options.fine_tuning;
}

}  // namespace novelty
