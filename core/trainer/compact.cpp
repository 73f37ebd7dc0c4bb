// SPDX-License-Identifier: Apache-2.0
// Makes a compact teacher: views, the larger teacher's features of them, distillation, the file.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/file.h"
#include "base/half.h"
#include "base/sha256.h"
#include "engine/backend.h"
#include "nn/init.h"
#include "novelty/distill.h"
#include "novelty/error.h"
#include "trainer/compact_view.h"
#include "trainer/feature_cache.h"
#include "trainer/feature_writer.h"
#include "trainer/plan.h"
#include "trainer/run.h"
#include "trainer/source_facts.h"
#include "trainer/teacher.h"
#include "trainer/work_folder.h"

namespace novelty {
namespace {

using nlohmann::json;

constexpr const char* kCheckpoint = "checkpoint";
constexpr std::chrono::seconds kCheckpointInterval{60};
constexpr std::size_t kShownSteps = 50;
constexpr double kWarmup = 0.05, kWeightDecay = 0.02, kBeta2 = 0.98;
constexpr int kHeadWidth = 64;

struct CompactRun {
  FrameSource& source;
  const DistillCallback& callback;
  const DistillProbe& probe;
  const Backend& backend;   // makes features
  const Backend& training;  // trains
  DistillOptions options;
  TeacherWeights teacher;
  std::size_t pictures = 0;

  const VitConfig& teacher_config() const { return teacher.network.config; }
  std::size_t places() const { return static_cast<std::size_t>(teacher_config().patch_count()); }
  std::size_t picture_values() const {
    return places() * static_cast<std::size_t>(teacher_config().patch_values());
  }
  std::size_t width() const { return static_cast<std::size_t>(teacher_config().width); }
  std::size_t token_values() const { return places() * width(); }
  std::size_t views() const { return pictures * static_cast<std::size_t>(options.views); }
  std::size_t epoch_steps() const {
    return steps_per_epoch(views(), static_cast<std::size_t>(options.batch_size));
  }
  std::size_t steps() const { return epoch_steps() * static_cast<std::size_t>(options.epochs); }

  void progress(DistillStage stage, std::size_t done, std::size_t total,
                const DistillLosses& losses = {}) const {
    if (callback && !callback({stage, done, total, losses}))
      throw Error(ErrorKind::kCancelled, options.output, "distillation was stopped",
                  "go on with --resume");
  }
};

void check(bool holds, const char* option, double value, const char* remedy) {
  if (!holds)
    throw Error(ErrorKind::kSettings, option, std::to_string(value) + " is out of range", remedy);
}

void check_options(const DistillOptions& options) {
  if (options.output.empty())
    throw Error(ErrorKind::kSettings, "output", "an empty path", "name the file to write");
  check(options.width >= kHeadWidth && options.width <= 1024 && options.width % kHeadWidth == 0,
        "width", options.width, "use a multiple of 64 up to 1024");
  check(options.depth >= 1 && options.depth <= 24, "depth", options.depth, "use 1 to 24 blocks");
  check(options.views >= 1 && options.views <= 100, "views", options.views, "use 1 to 100");
  check(options.epochs >= 1 && options.epochs <= 100'000, "epochs", options.epochs,
        "use 1 to 100000");
  check(options.batch_size >= 1 && options.batch_size <= 4096, "batch size", options.batch_size,
        "use 1 to 4096");
  check(options.learning_rate > 0 && options.learning_rate <= 1, "learning rate",
        options.learning_rate, "use a number over 0 and up to 1, such as 0.0005");
  check(options.threads >= 0 && options.threads <= 64, "threads", options.threads,
        "use 1 to 64, or 0 for all cores");
}

VitConfig compact_config(const CompactRun& run) {
  VitConfig config = run.teacher_config();
  config.width = run.options.width;
  config.depth = run.options.depth;
  config.heads = config.width / kHeadWidth;
  config.mlp_width = 4 * config.width;
  config.registers = 0;
  return config;
}

json identity_of(const CompactRun& run) {
  const DistillOptions& options = run.options;
  return {{"tool_version", NOVELTY_VERSION},
          {"source", source_facts(run.source)},
          {"pictures", run.pictures},
          {"teacher", run.teacher.name},
          {"teacher_sha256", run.teacher.sha256},
          {"width", options.width},
          {"depth", options.depth},
          {"views", options.views},
          {"epochs", options.epochs},
          {"batch_size", options.batch_size},
          {"learning_rate", options.learning_rate},
          {"seed", options.seed},
          {"threads", options.threads}};
}

// Stage kFeatures: every view of every picture, picture by picture.
void cache_views(const CompactRun& run, FeatureCache& cache) {
  const auto progress = [&] { run.progress(DistillStage::kFeatures, cache.size(), run.views()); };
  if (cache.size() >= run.views()) return progress();
  FeatureWriter writer(cache, teacher_features(run.backend, run.teacher, run.options.threads),
                       progress);
  progress();
  const auto copies = static_cast<std::size_t>(run.options.views);
  const VitConfig& config = run.teacher_config();
  CompactViews views(config.input_size, config.patch_size);
  std::vector<float> patches;
  std::vector<std::size_t> positions(run.pictures);
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::size_t view = cache.size() % copies;  // where in its first picture this run goes on
  visit_pictures(run.source, positions, cache.size() / copies,
                 [&](std::size_t place, const FrameView& frame) {
                   views.set_picture(frame);
                   for (; view < copies; ++view) {
                     Rng rng = rng_for(run.options.seed, Draw::kCompactView, place * copies + view);
                     views.draw(rng, view == 0, patches);
                     writer.add(patches);
                   }
                   view = 0;
                 });
  writer.flush();
}

// Which of the teacher's blocks the compact network starts from.
int chosen_block(int block, int depth, int teacher_depth) {
  if (depth == 1) return teacher_depth - 1;
  return static_cast<int>(std::lround(static_cast<double>(block) * (teacher_depth - 1) /
                                      static_cast<double>(depth - 1)));
}

std::string teacher_tensor_name(const std::string& name, int depth, int teacher_depth) {
  const std::string blocks = "blocks.";
  if (!name.starts_with(blocks)) return name;
  const auto dot = name.find('.', blocks.size());
  const int block = std::stoi(name.substr(blocks.size(), dot - blocks.size()));
  return blocks + std::to_string(chosen_block(block, depth, teacher_depth)) + name.substr(dot);
}

// The network before the first step; its tensors point into the teacher or into `storage`.
NetworkView initial_network(const CompactRun& run, VitWeights& storage) {
  const NetworkView& teacher = run.teacher.network;
  NetworkView network;
  network.config = compact_config(run);
  network.mean = teacher.mean;
  network.std = teacher.std;
  const bool from_teacher = network.config.width == teacher.config.width &&
                            network.config.mlp_width == teacher.config.mlp_width &&
                            network.config.depth <= teacher.config.depth;
  if (!from_teacher) storage = init_student(network.config, run.options.seed);
  for (const auto& [name, shape] : vit_tensor_shapes(network.config)) {
    if (from_teacher)
      network.tensors[name] =
          teacher.tensors.at(teacher_tensor_name(name, network.config.depth, teacher.config.depth));
    else
      network.tensors[name] = view_of(storage.at(name), shape);
  }
  return network;
}

DistillLosses mean_of_last(const std::vector<float>& losses) {
  DistillLosses mean;
  const std::size_t steps = losses.size() / 3, count = std::min(kShownSteps, steps);
  for (std::size_t i = steps - count; i < steps; ++i) {
    mean.tokens += losses[3 * i] / static_cast<double>(count);
    mean.cls += losses[3 * i + 1] / static_cast<double>(count);
    mean.attention += losses[3 * i + 2] / static_cast<double>(count);
  }
  return mean;
}

std::vector<std::byte> exported(CompactTrainer& trainer, bool half,
                                const std::map<std::string, std::string>& metadata) {
  std::map<std::string, std::vector<std::uint16_t>> halves;
  std::map<std::string, std::vector<float>> floats;
  TensorMap tensors;
  trainer.export_network([&](const std::string& name, const TensorView& tensor) {
    auto& values = floats[name] = to_floats(tensor, name);
    tensors[name] = view_of(values, tensor.shape);
    if (!half) return;
    auto& bits = halves[name];
    for (const float value : values) bits.push_back(float_to_half(value));
    tensors[name] = {DType::kF16, tensor.shape, std::as_bytes(std::span(bits))};
  });
  return serialize_safetensors(tensors, metadata);
}

// Stage kDistillation.
class Distillation {
 public:
  Distillation(const CompactRun& run, FeatureCache& cache, const WorkFolder& folder)
      : run_(run),
        cache_(cache),
        folder_(folder),
        checkpoint_(folder.read_checkpoint(kCheckpoint)) {
    const NetworkView network = initial_network(run, storage_);
    trainer_ = run.training.make_compact_trainer(
        network, run.teacher_config().width, run.options.seed,
        checkpoint_ ? checkpoint_->state : TensorMap{}, run.options.threads);
    if (checkpoint_) losses_ = checkpoint_->losses;
  }

  void run() {
    if (done() == 0) probe(0);
    while (done() < run_.steps()) {
      step();
      try {
        run_.progress(DistillStage::kDistillation, done(), run_.steps(), mean_of_last(losses_));
      } catch (...) {
        save();
        throw;
      }
      const bool epoch_ends = done() % run_.epoch_steps() == 0;
      if (epoch_ends || std::chrono::steady_clock::now() - saved_ > kCheckpointInterval) save();
      if (epoch_ends) probe(static_cast<int>(done() / run_.epoch_steps()));
    }
  }

  CompactTrainer& trainer() { return *trainer_; }

  std::vector<DistillLosses> losses() const {
    std::vector<DistillLosses> all;
    for (std::size_t i = 0; i + 2 < losses_.size(); i += 3)
      all.push_back({losses_[i], losses_[i + 1], losses_[i + 2]});
    return all;
  }

 private:
  std::size_t done() const { return losses_.size() / 3; }

  void step() {
    const auto records =
        batch_of_step(done(), cache_.size(), static_cast<std::size_t>(run_.options.batch_size),
                      run_.options.seed);
    const std::size_t values = run_.picture_values(), tokens = run_.token_values();
    patches_.resize(records.size() * values);
    tokens_.resize(records.size() * tokens);
    attention_.resize(records.size() * run_.places());
    cls_.resize(records.size() * run_.width());
    for (std::size_t i = 0; i < records.size(); ++i)
      cache_.load(records[i],
                  {.patches = std::span(patches_).subspan(i * values, values),
                   .tokens = std::span(tokens_).subspan(i * tokens, tokens),
                   .attention = std::span(attention_).subspan(i * run_.places(), run_.places()),
                   .cls = std::span(cls_).subspan(i * run_.width(), run_.width()),
                   .targets = {}});
    StepOptions options;
    options.learning_rate =
        learning_rate_at(done(), run_.steps(), run_.options.learning_rate, kWarmup);
    options.weight_decay = kWeightDecay;
    options.beta2 = kBeta2;
    const CompactLosses losses = trainer_->step(patches_, {tokens_, attention_, cls_},
                                                static_cast<int>(records.size()), options);
    for (const double loss : {losses.tokens, losses.cls, losses.attention})
      losses_.push_back(static_cast<float>(loss));
  }

  void save() {
    folder_.write_checkpoint(
        kCheckpoint, [&](const auto& sink) { trainer_->export_state(sink); }, losses_);
    saved_ = std::chrono::steady_clock::now();
  }

  void probe(int epoch) {
    if (run_.probe) run_.probe(epoch, exported(*trainer_, false, {}));
  }

  const CompactRun& run_;
  FeatureCache& cache_;
  const WorkFolder& folder_;
  std::optional<Checkpoint> checkpoint_;
  VitWeights storage_;
  std::unique_ptr<CompactTrainer> trainer_;
  std::vector<float> losses_;  // [steps, 3]: tokens, cls, attention
  std::vector<float> patches_, tokens_, attention_, cls_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

std::map<std::string, std::string> metadata_of(const CompactRun& run) {
  return {{"distilled_from", run.teacher.name},
          {"distilled_from_sha256", run.teacher.sha256},
          {"made_by", std::string("novelty distill ") + NOVELTY_VERSION}};
}

}  // namespace

DistillReport distill(FrameSource& source, const DistillOptions& options,
                      const DistillCallback& callback, const DistillProbe& probe) {
  check_options(options);
  if (options.teacher_path.empty())
    throw Error(ErrorKind::kSettings, "teacher", "no teacher to distil from",
                "give --teacher FILE, a larger Vision Transformer's weights");
  CompactRun run{source,
                 callback,
                 probe,
                 backend_in("fp32"),
                 training_backend(),
                 options,
                 load_teacher(options.teacher_path, 0),
                 source.count()};
  run.options.threads = resolved_threads(options.threads);
  check_writable(options.output);
  const WorkFolder folder(options.output, identity_of(run).dump(), options.resume);
  FeatureCache cache(folder.path("cache.bin"), feature_layout(run.teacher.network));
  cache_views(run, cache);
  Distillation distillation(run, cache, folder);
  distillation.run();
  run.progress(DistillStage::kWriting, 0, 1);
  const auto bytes = exported(distillation.trainer(), true, metadata_of(run));
  write_file_atomically(options.output, bytes);
  DistillReport report;
  report.teacher_name = run.teacher.name;
  for (const auto& [name, shape] : vit_tensor_shapes(compact_config(run)))
    report.parameters += static_cast<std::size_t>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
  report.views = run.views();
  report.losses = distillation.losses();
  report.sha256 = sha256_hex(bytes);
  folder.remove();
  return report;
}

}  // namespace novelty
