// SPDX-License-Identifier: Apache-2.0
// Training stage 3: the student learns to give the teacher's tokens from a part of the patches.
#include <cmath>

#include "engine/network_pair.h"
#include "nn/mask.h"
#include "novelty/error.h"
#include "trainer/run.h"
#include "trainer/step_loop.h"

namespace novelty {
namespace {

constexpr const char* kCheckpoint = "checkpoint";

// The pictures, targets and masks of one step.
class StepBatch {
 public:
  StepBatch(const TrainingRun& run, FeatureCache& cache)
      : run_(run), cache_(cache), kind_(mask_kind_of(run.options.mask)) {}

  // Pure function of `step`, as everything that is drawn.
  double apply(std::size_t step, StudentTrainer& trainer) {
    const auto records = batch_of_step(step, cache_.size(), run_.recipe.batch, run_.options.seed);
    load(records, step);
    StepOptions options;
    options.learning_rate =
        learning_rate_at(step, run_.recipe.steps, run_.recipe.learning_rate, run_.recipe.warmup);
    options.weight_decay = run_.recipe.weight_decay;
    options.beta1 = run_.recipe.beta1;
    options.beta2 = run_.recipe.beta2;
    return trainer.step(patches_, targets_, kept_, static_cast<int>(records.size()), options);
  }

 private:
  void load(const std::vector<std::size_t>& records, std::size_t step) {
    const auto places = static_cast<std::size_t>(run_.config().patch_count());
    const FeatureLayout& layout = cache_.layout();
    const std::size_t tokens = layout.targets > 0 ? layout.targets : layout.tokens;
    const std::size_t values = run_.picture_values();
    patches_.resize(records.size() * values);
    targets_.resize(records.size() * tokens);
    attention_.resize(places);
    kept_.clear();
    Rng rng = rng_for(run_.options.seed, Draw::kMask, step);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto targets = std::span(targets_).subspan(i * tokens, tokens);
      FeatureRecord<float> record{.patches = std::span(patches_).subspan(i * values, values),
                                  .attention = attention_};
      (layout.targets > 0 ? record.targets : record.tokens) = targets;
      cache_.load(records[i], record);
      const auto kept = draw_kept_patches(kind_, run_.options.mask_ratio, attention_, rng);
      kept_.insert(kept_.end(), kept.begin(), kept.end());
    }
  }

  const TrainingRun& run_;
  FeatureCache& cache_;
  MaskKind kind_;
  std::vector<float> patches_, targets_, attention_;
  std::vector<std::int64_t> kept_;
};

constexpr const char* kHead = "head.";

// Everything that a student starts from; the view is over `weights`, where a head is behind kHead.
struct InitialStudent {
  VitWeights weights;
  NetworkView network;
};

InitialStudent initial_student(const TrainingRun& run) {
  InitialStudent student;
  NetworkView& network = student.network;
  network.config = run.student_config();
  network.mean = run.teacher.network.mean;
  network.std = run.teacher.network.std;
  network.comparison = run.recipe.comparison;
  student.weights = init_student(network.config, run.options.seed);
  for (const auto& [name, shape] : vit_tensor_shapes(network.config))
    network.tensors.emplace(name, view_of(student.weights.at(name), shape));
  const std::int64_t outputs = run.config().width, inputs = network.config.width;
  if (!needs_head(network.comparison, run.config().width, network.config.width)) return student;
  auto& weight = student.weights["head.weight"] = init_linear(outputs, inputs, run.options.seed);
  auto& bias = student.weights["head.bias"] = std::vector<float>(run.config().width);
  network.head = {{"weight", view_of(weight, {outputs, inputs})},
                  {"bias", view_of(bias, {outputs})}};
  return student;
}

Student exported(StudentTrainer& trainer, const NetworkView& form, std::vector<float> losses) {
  Student student;
  student.network = form;
  student.losses = std::move(losses);
  trainer.export_student([&](const std::string& name, const TensorView& tensor) {
    auto& values = student.weights[name] = to_floats(tensor, "student: " + name);
    const bool of_head = name.starts_with(kHead);
    TensorMap& tensors = of_head ? student.network.head : student.network.tensors;
    tensors[of_head ? name.substr(std::string(kHead).size()) : name] =
        view_of(values, tensor.shape);
  });
  return student;
}

void check_loss(double loss, std::size_t step) {
  if (std::isfinite(loss)) return;
  throw Error(ErrorKind::kSettings, "learning rate",
              "training diverged: the loss of step " + std::to_string(step) + " is not finite",
              "use a smaller learning rate");
}

}  // namespace

Student distil(const TrainingRun& run, FeatureCache& cache, const WorkFolder& folder) {
  const InitialStudent initial = initial_student(run);
  const NetworkView& form = initial.network;
  const auto checkpoint = folder.read_checkpoint(kCheckpoint);
  const auto trainer = run.training.make_student_trainer(
      form, checkpoint ? checkpoint->state : TensorMap{}, run.options.threads);
  auto losses = checkpoint ? checkpoint->losses : std::vector<float>{};
  StepBatch batch(run, cache);
  const StepLoop loop{.stage = kCheckpoint,
                      .steps = run.recipe.steps,
                      .step =
                          [&](std::size_t step, std::vector<float>& record) {
                            const double loss = batch.apply(step, *trainer);
                            check_loss(loss, step);
                            record.push_back(static_cast<float>(loss));
                          },
                      .tell =
                          [&](std::size_t done, const std::vector<float>& record) {
                            run.progress(TrainingStage::kDistillation, done, run.recipe.steps,
                                         mean_of_last(record));
                          },
                      .export_state = [&](const auto& sink) { trainer->export_state(sink); }};
  run_steps(loop, folder, losses);
  return exported(*trainer, form, std::move(losses));
}

}  // namespace novelty
