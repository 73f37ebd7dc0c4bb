// SPDX-License-Identifier: Apache-2.0
// How much sooner a student is trained than the plain way: eager LibTorch in float32 over two
// threads, the teacher computed again for each step.
//
// usage: training_speed TEACHER.safetensors|random BLOCKS BATCH STEPS fp32|bf16
//
// BLOCKS are the student's; the last word is the precision of the cached features.
//
// Both sides see the same seeded pictures, masks and batches and take turns; prints a line of JSON.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <vector>

#include "engine/adamw_torch.h"
#include "engine/backend_torch.h"
#include "nn/init.h"
#include "nn/mask.h"
#include "nn/vit_torch.h"
#include "trainer/feature_cache.h"
#include "trainer/feature_writer.h"
#include "trainer/plan.h"
#include "trainer/teacher.h"

namespace novelty {
namespace {

constexpr int kThreads = 2;
constexpr std::uint64_t kSeed = 1;
constexpr double kMaskRatio = 0.5, kImages = 5000, kEpochs = 10;
constexpr std::size_t kPictures = 128, kHeldOut = 64, kTurn = 2;

struct Options {
  std::string teacher;
  int depth;
  std::size_t batch, steps;
  std::string features;
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Stripes of three colours and a disc, in patches.
std::vector<float> drawn(const VitConfig& config, std::uint64_t number) {
  Rng rng(7, number);
  const double angle = rng.uniform() * 3, pitch = 8 + 40 * rng.uniform(), tint = rng.uniform();
  const double cx = 224 * rng.uniform(), cy = 224 * rng.uniform(), radius = 20 + 40 * rng.uniform();
  std::vector<float> out;
  const int patch = config.patch_size, grid = config.grid_size();
  for (int place = 0; place < config.patch_count(); ++place) {
    for (int v = 0; v < config.patch_values(); ++v) {
      const int c = v / (patch * patch), y = place / grid * patch + v / patch % patch;
      const int x = place % grid * patch + v % patch;
      const double wave = std::sin(
          (x * std::cos(angle) + y * std::sin(angle)) * (2 * std::numbers::pi / pitch) + tint * c);
      const bool inside = std::hypot(x - cx, y - cy) < radius;
      const double value = (inside ? 0.3 + 0.2 * c : 0.5 + 0.3 * wave) + 0.03 * rng.normal();
      out.push_back(static_cast<float>(std::clamp(value, 0.0, 1.0)));
    }
  }
  return out;
}

StepOptions options_at(std::size_t step, std::size_t steps) {
  StepOptions options;
  options.learning_rate = learning_rate_at(step, steps, 5e-4, 0.1);
  return options;
}

std::vector<std::int64_t> masks(std::span<const float> attention, std::size_t places,
                                std::size_t step) {
  Rng rng = rng_for(kSeed, Draw::kMask, step);
  std::vector<std::int64_t> kept;
  for (std::size_t first = 0; first < attention.size(); first += places) {
    const auto one =
        draw_kept_patches(MaskKind::kGuidedKeep, kMaskRatio, attention.subspan(first, places), rng);
    kept.insert(kept.end(), one.begin(), one.end());
  }
  return kept;
}

// What both sides begin with.
struct Task {
  Options options;
  TeacherWeights teacher;
  VitConfig student_config;
  VitWeights student;
  std::vector<std::vector<float>> pictures;

  const VitConfig& config() const { return teacher.network.config; }
  std::size_t places() const { return static_cast<std::size_t>(config().patch_count()); }
  std::size_t values() const { return pictures.front().size(); }

  NetworkView student_view() const {
    NetworkView view;
    view.config = student_config;
    view.mean = teacher.network.mean;
    view.std = teacher.network.std;
    for (const auto& [name, shape] : vit_tensor_shapes(student_config))
      view.tensors[name] = view_of(student.at(name), shape);
    return view;
  }

  std::vector<std::size_t> batch(std::size_t step) const {
    return batch_of_step(step, kPictures, options.batch, kSeed);
  }
};

class Ours {
 public:
  explicit Ours(const Task& task)
      : task_(task),
        file_(std::filesystem::temp_directory_path() /
              ("training_speed." + std::to_string(::getpid()))),
        cache_(file_, feature_layout(task.teacher.network)),
        trainer_(make_torch_student_trainer(task.student_view(), {}, kThreads)) {}
  ~Ours() { std::filesystem::remove(file_); }

  double fill() {
    return seconds_of([&] {
      const std::shared_ptr<Teacher> teacher = backend_for("cpu").make_teacher(
          task_.teacher.network, {.threads = kThreads, .precision = task_.options.features});
      FeatureWriter writer(
          cache_,
          [&](auto patches, int batch, const TeacherFeatures& out) {
            teacher->features(patches, batch, out);
          },
          [] {});
      for (const auto& picture : task_.pictures) writer.add(picture);
      writer.flush();
    });
  }

  void step(std::size_t step) {
    const auto records = task_.batch(step);
    const std::size_t values = task_.values(), places = task_.places();
    const std::size_t tokens = places * static_cast<std::size_t>(task_.config().width);
    patches_.resize(records.size() * values);
    targets_.resize(records.size() * tokens);
    attention_.resize(records.size() * places);
    for (std::size_t i = 0; i < records.size(); ++i)
      cache_.load(records[i], {.patches = std::span(patches_).subspan(i * values, values),
                               .tokens = std::span(targets_).subspan(i * tokens, tokens),
                               .attention = std::span(attention_).subspan(i * places, places)});
    trainer_->step(patches_, targets_, masks(attention_, places, step),
                   static_cast<int>(records.size()), options_at(step, task_.options.steps));
  }

  void export_student(const StudentTrainer::Sink& sink) { trainer_->export_student(sink); }

 private:
  const Task& task_;
  std::string file_;
  FeatureCache cache_;
  std::unique_ptr<StudentTrainer> trainer_;
  std::vector<float> patches_, targets_, attention_;
};

// One graph over the whole batch; each operation runs on both threads.
class Plain {
 public:
  explicit Plain(const Task& task)
      : task_(task),
        teacher_(vit_of(task.config(), load_tensors(task.config(), task.teacher.network.tensors))),
        optimizer_(1) {
    TensorsByName values = load_tensors(task.student_config, task.student_view().tensors);
    positions_ = values.extract("pos_embed").mapped();
    optimizer_.start(values, {});
  }

  void step(std::size_t step) {
    const auto records = task_.batch(step);
    optimizer_.step(
        static_cast<std::int64_t>(records.size()),
        [&](TensorsByName leaves, std::int64_t, std::int64_t, int) {
          at::set_num_threads(kThreads);
          leaves["pos_embed"] = positions_;
          return loss_of(vit_of(task_.student_config, leaves), records, step);
        },
        options_at(step, task_.options.steps));
  }

  void export_student(const StudentTrainer::Sink& sink) {
    sink("pos_embed", float_view(positions_));
    optimizer_.export_values(sink, "");
  }

 private:
  at::Tensor loss_of(const Vit& student, const std::vector<std::size_t>& records,
                     std::size_t step) const {
    const auto n = static_cast<std::int64_t>(records.size());
    const std::int64_t count = task_.config().patch_count();
    std::vector<float> pixels;
    for (const std::size_t record : records)
      pixels.insert(pixels.end(), task_.pictures[record].begin(), task_.pictures[record].end());
    const auto patches =
        normalise_patches(tensor_of(pixels, {n, count, task_.config().patch_values()}),
                          task_.teacher.network.mean, task_.teacher.network.std);
    at::Tensor targets, attention;
    {
      const at::NoGradGuard no_graph;
      targets = l2_normalised(forward(teacher_, patches, &attention).narrow(1, 1, count));
      attention = attention.contiguous();
    }
    const auto kept =
        masks({attention.const_data_ptr<float>(), static_cast<std::size_t>(n * count)},
              task_.places(), step);
    const auto each = static_cast<std::int64_t>(kept.size()) / n;
    const auto rows =
        at::from_blob(const_cast<std::int64_t*>(kept.data()), {n, each, 1}, at::kLong);
    const auto gathered = [&](const at::Tensor& from) {
      return from.expand({n, -1, -1}).gather(1, rows.expand({-1, -1, from.size(2)}));
    };
    const auto tokens = run_blocks(
        student,
        embed_patches(student, gathered(patches), gathered(positions_.narrow(1, 1, count))));
    const auto found = l2_normalised(tokens.narrow(1, 1, each));
    return (found - gathered(targets)).square().sum() / static_cast<double>(n * each);
  }

  const Task& task_;
  Vit teacher_;
  AdamW optimizer_;
  at::Tensor positions_;
};

// Mean discrepancy of pictures that no side has seen, by the engine in float32.
template <class Side>
double held_out_loss(const Task& task, Side& side) {
  NetworkView view = task.student_view();
  VitWeights weights;
  side.export_student([&](const std::string& name, const TensorView& tensor) {
    auto& values = weights[name] = to_floats(tensor, name);
    view.tensors[name] = view_of(values, tensor.shape);
  });
  const auto engine =
      backend_for("cpu").make_engine(task.teacher.network, view, {.threads = kThreads});
  const auto scratch = engine->make_scratch();
  std::vector<float> discrepancy(task.places());
  double sum = 0;
  for (std::size_t i = 0; i < kHeldOut; ++i) {
    engine->score(drawn(task.config(), kPictures + i), *scratch, discrepancy, {}, {});
    for (const float value : discrepancy) sum += double{value};
  }
  return sum / static_cast<double>(kHeldOut * task.places());
}

void run(const Options& options) {
  Task task{
      options, load_teacher(options.teacher == "random" ? "" : options.teacher, 0), {}, {}, {}};
  task.student_config = task.config();
  task.student_config.registers = 0;
  task.student_config.depth = options.depth;
  task.student = init_student(task.student_config, kSeed);
  for (std::size_t i = 0; i < kPictures; ++i) task.pictures.push_back(drawn(task.config(), i));
  Ours ours(task);
  Plain plain(task);
  const double features = ours.fill() / kPictures;
  double our_seconds = 0, plain_seconds = 0;
  std::size_t timed = 0;
  for (std::size_t first = 0; first < options.steps; first += kTurn) {
    const std::size_t last = std::min(first + kTurn, options.steps);
    const auto turn = [&](auto& side) {
      return seconds_of([&] {
        for (std::size_t step = first; step < last; ++step) side.step(step);
      });
    };
    const double a = turn(ours), b = turn(plain);
    if (first == 0) continue;  // warms up
    our_seconds += a;
    plain_seconds += b;
    for (std::size_t step = first; step < last; ++step) timed += task.batch(step).size();
  }
  const double our_image = our_seconds / static_cast<double>(timed);
  const double plain_image = plain_seconds / static_cast<double>(timed);
  const double our_run = kImages * (features + kEpochs * our_image);
  const double plain_run = kImages * kEpochs * plain_image;
  const nlohmann::ordered_json row{{"student_blocks", options.depth},
                                   {"batch", options.batch},
                                   {"features", options.features},
                                   {"features_s_per_image", features},
                                   {"ours_s_per_image_epoch", our_image},
                                   {"plain_s_per_image_epoch", plain_image},
                                   {"ours_s", our_run},
                                   {"plain_s", plain_run},
                                   {"ratio", plain_run / our_run},
                                   {"steps", options.steps},
                                   {"ours_held_out", held_out_loss(task, ours)},
                                   {"plain_held_out", held_out_loss(task, plain)}};
  std::puts(row.dump().c_str());
}

}  // namespace
}  // namespace novelty

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 5 || (words[4] != "fp32" && words[4] != "bf16")) {
    std::fputs("usage: training_speed TEACHER|random BLOCKS BATCH STEPS fp32|bf16\n", stderr);
    return 2;
  }
  try {
    novelty::run(
        {words[0], std::stoi(words[1]), std::stoul(words[2]), std::stoul(words[3]), words[4]});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "training_speed: %s\n", error.what());
    return 1;
  }
  return 0;
}
