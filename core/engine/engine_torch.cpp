// SPDX-License-Identifier: Apache-2.0
// Teacher and student side by side, eager float32.
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "engine/backend_torch.h"
#include "engine/worker_torch.h"
#include "nn/vit_torch.h"
#include "novelty/error.h"

namespace novelty {
namespace {

Vit scoring_vit(const NetworkView& network) {
  Vit vit = vit_of(network.config, load_tensors(network.config, network.tensors));
  fold_normalisation(vit, network.mean, network.std);
  return vit;
}

// |a/|a| - b/|b||^2 = 2 - 2 cos, in double as the difference may be small; 2 if one has no length.
float normalised_distance(const float* a, const float* b, int width) {
  double aa = 0, bb = 0, ab = 0;
  for (int i = 0; i < width; ++i) {
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
    ab += double{a[i]} * b[i];
  }
  const double lengths = std::max(std::sqrt(aa) * std::sqrt(bb), 1e-24);
  return static_cast<float>(std::clamp(2 - 2 * ab / lengths, 0.0, 4.0));
}

class TorchScratch : public Engine::Scratch {
 public:
  TorchScratch(int worker_count, int intra_op_threads) : workers(worker_count, intra_op_threads) {}

  Workers workers;
  std::array<at::Tensor, 2> tokens;  // teacher, student: [1, 1 + patch_count, width]
};

class TorchEngine : public Engine {
 public:
  TorchEngine(const NetworkView& teacher, const NetworkView& student, int threads)
      : nets_{scoring_vit(teacher), scoring_vit(student)},
        worker_count_(std::min(threads, 2)),
        intra_op_threads_(std::max(1, threads / 2)) {}

  std::unique_ptr<Scratch> make_scratch() const override {
    return std::make_unique<TorchScratch>(worker_count_, intra_op_threads_);
  }

  void score(std::span<const float> patches, Scratch& scratch, std::span<float> discrepancy,
             std::span<float> tokens, std::span<float> cls) const override {
    const VitConfig& config = nets_[0].config;
    check_size(patches.size(), std::int64_t{config.patch_count()} * config.patch_values(),
               "patches");
    check_size(discrepancy.size(), config.patch_count(), "discrepancy");
    if (!tokens.empty())
      check_size(tokens.size(), std::int64_t{config.patch_count()} * config.width, "tokens");
    if (!cls.empty()) check_size(cls.size(), config.width, "cls");
    auto& own = dynamic_cast<TorchScratch&>(scratch);
    own.workers.run([&](int worker) { run_nets(worker, patches, own.tokens); });
    compare(own.tokens, discrepancy);
    const float* teacher = own.tokens[0].data_ptr<float>();
    if (!tokens.empty()) normalise(teacher + config.width, tokens);
    if (!cls.empty()) normalise(teacher, cls);
  }

 private:
  // With one worker it runs both networks in turn.
  void run_nets(int worker, std::span<const float> patches,
                std::array<at::Tensor, 2>& tokens) const {
    const c10::InferenceMode guard;
    const VitConfig& config = nets_[0].config;
    const at::Tensor input = tensor_of(patches, {1, config.patch_count(), config.patch_values()});
    for (int net = worker; net < 2; net += worker_count_) {
      tokens.at(net) = forward(nets_.at(net), input).contiguous();
    }
  }

  void compare(const std::array<at::Tensor, 2>& tokens, std::span<float> discrepancy) const {
    const int width = nets_[0].config.width;
    const float* teacher = tokens[0].data_ptr<float>() + width;  // after [CLS]
    const float* student = tokens[1].data_ptr<float>() + width;
    for (std::size_t i = 0; i < discrepancy.size(); ++i) {
      discrepancy[i] = normalised_distance(teacher + i * width, student + i * width, width);
      if (!std::isfinite(discrepancy[i])) {
        throw Error(ErrorKind::kFormat, "model", "its networks give values that are not finite",
                    "train it again");
      }
    }
  }

  // Rows of `from` at length 1.
  void normalise(const float* from, std::span<float> tokens) const {
    const auto width = static_cast<std::size_t>(nets_[0].config.width);
    for (std::size_t first = 0; first < tokens.size(); first += width) {
      double square = 0;
      for (std::size_t i = first; i < first + width; ++i) square += double{from[i]} * from[i];
      const double length = std::max(std::sqrt(square), 1e-12);
      for (std::size_t i = first; i < first + width; ++i)
        tokens[i] = static_cast<float>(from[i] / length);
    }
  }

  std::array<Vit, 2> nets_;  // teacher, student
  int worker_count_;
  int intra_op_threads_;
};

}  // namespace

std::shared_ptr<const Engine> make_torch_engine(const NetworkView& teacher,
                                                const NetworkView& student, int threads) {
  const VitConfig &a = teacher.config, &b = student.config;
  check_threads(threads);
  if (a.input_size != b.input_size || a.patch_size != b.patch_size || a.width != b.width) {
    throw Error(ErrorKind::kUnsupported, "model",
                "teacher and student differ in input size, patch size or width");
  }
  return std::make_shared<TorchEngine>(teacher, student, threads);
}

}  // namespace novelty
