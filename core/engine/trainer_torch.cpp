// SPDX-License-Identifier: Apache-2.0
// Masked distillation of a student with AdamW, float32.
//
// Note [Steps that repeat to the bit]
// A batch is split into one part a worker, each with its own graph over the shared parameters; the
// parts' gradients are summed in the order of the workers. Each operation runs on one thread. So a
// step is a function of the state, its arguments and the number of workers alone.
//
// Note [What is trained]
// All but the position embedding, which stays the fixed sine-cosine one. Weight decay pulls on the
// weights of linear layers only: not on biases, norms and the [CLS] token.
#include <ATen/TensorOperators.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "engine/backend_torch.h"
#include "engine/worker_torch.h"
#include "nn/vit_torch.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr double kAdamEpsilon = 1e-8;

struct Parameter {
  std::string name;
  at::Tensor value, moment1, moment2;  // of one shape, no graph
  bool decays = false;                 // see Note [What is trained]
  int owner = 0;                       // the worker that updates it
  std::vector<at::Tensor> gradients;   // one a worker; undefined where it had no image
  at::Tensor gradient;                 // their sum
  double gradient_norm = 0;
};

// The arguments of one step.
struct Batch {
  std::span<const float> patches, targets;
  std::span<const std::int64_t> kept;
  std::int64_t images = 0, kept_count = 0;
};

bool decays(const std::string& name, const at::Tensor& value) {
  return value.dim() >= 2 && name.find(".weight") != std::string::npos;
}

// `tensors` whose names begin with `prefix`, without it.
TensorMap with_prefix(const TensorMap& tensors, const std::string& prefix) {
  TensorMap found;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor;
  }
  return found;
}

std::int64_t step_count_of(const TensorMap& state) {
  const auto found = state.find("step");
  std::int64_t count = -1;
  if (found != state.end() && found->second.dtype == DType::kI64 &&
      found->second.data.size() == sizeof(count)) {
    std::memcpy(&count, found->second.data.data(), sizeof(count));
  }
  if (count < 0) throw Error(ErrorKind::kFormat, "step", "no step count in the training state");
  return count;
}

TensorView float_view(const at::Tensor& tensor) {
  const std::span<const float> values(tensor.const_data_ptr<float>(),
                                      static_cast<std::size_t>(tensor.numel()));
  return view_of(values, tensor.sizes().vec());
}

class TorchStudentTrainer : public StudentTrainer {
 public:
  TorchStudentTrainer(const NetworkView& student, const TensorMap& state, int threads)
      : config_(student.config), mean_(student.mean), std_(student.std), workers_(threads, 1) {
    if (state.empty()) {
      load(student.tensors, {}, {});
    } else {
      load(with_prefix(state, "student."), with_prefix(state, "moment1."),
           with_prefix(state, "moment2."));
      step_count_ = step_count_of(state);
    }
    share_out();
  }

  double step(std::span<const float> patches, std::span<const float> targets,
              std::span<const std::int64_t> kept, int batch, const StepOptions& options) override {
    const Batch whole = checked(patches, targets, kept, batch);
    std::vector<double> losses(static_cast<std::size_t>(workers_.count()), 0.0);
    workers_.run([&](int worker) { losses.at(worker) = differentiate(whole, worker); });
    workers_.run([&](int worker) { sum_gradients(worker); });
    const double loss = std::accumulate(losses.begin(), losses.end(), 0.0);
    const double norm = gradient_norm();
    if (!std::isfinite(loss) || !std::isfinite(norm)) {
      throw Error(
          ErrorKind::kSettings, "training",
          "the loss or its gradient is not finite at step " + std::to_string(step_count_ + 1),
          "lower the learning rate");
    }
    const double limit = options.max_gradient_norm;
    const double scale = limit > 0 && norm > limit ? limit / norm : 1;
    ++step_count_;
    workers_.run([&](int worker) { update(worker, options, scale); });
    return loss;
  }

  void export_student(const Sink& sink) override { export_with_prefix(sink, ""); }

  void export_state(const Sink& sink) override {
    export_with_prefix(sink, "student.");
    for (const auto& parameter : parameters_) {
      sink("moment1." + parameter.name, float_view(parameter.moment1));
      sink("moment2." + parameter.name, float_view(parameter.moment2));
    }
    sink("step", {DType::kI64, {1}, std::as_bytes(std::span(&step_count_, 1))});
  }

 private:
  void load(const TensorMap& tensors, const TensorMap& first, const TensorMap& second) {
    for (auto& [name, value] : load_tensors(config_, tensors)) {
      if (name == "pos_embed") {
        pos_embed_ = value;
        continue;
      }
      Parameter& parameter = parameters_.emplace_back();
      parameter.name = name;
      parameter.value = value;
      parameter.decays = decays(name, value);
      parameter.moment1 = moment_of(name, value, first);
      parameter.moment2 = moment_of(name, value, second);
      parameter.gradients.resize(static_cast<std::size_t>(workers_.count()));
    }
  }

  static at::Tensor moment_of(const std::string& name, const at::Tensor& value,
                              const TensorMap& moments) {
    if (moments.empty()) return at::zeros_like(value);
    const auto found = moments.find(name);
    if (found == moments.end() || found->second.shape != value.sizes().vec()) {
      throw Error(ErrorKind::kFormat, name, "its moments are missing from the training state");
    }
    return tensor_of(to_floats(found->second, name), value.sizes());
  }

  // Gives each worker about as many values to update.
  void share_out() {
    std::int64_t total = 0, before = 0;
    for (const auto& parameter : parameters_) total += parameter.value.numel();
    for (auto& parameter : parameters_) {
      parameter.owner = static_cast<int>(before * workers_.count() / total);
      before += parameter.value.numel();
    }
  }

  Batch checked(std::span<const float> patches, std::span<const float> targets,
                std::span<const std::int64_t> kept, int batch) const {
    const std::int64_t count = config_.patch_count();
    if (batch < 1) throw Error(ErrorKind::kSettings, "batch", std::to_string(batch) + " images");
    check_size(patches.size(), batch * count * config_.patch_values(), "patches");
    check_size(targets.size(), batch * count * config_.width, "targets");
    const auto kept_count = static_cast<std::int64_t>(kept.size()) / batch;
    check_size(kept.size(), std::max<std::int64_t>(1, kept_count) * batch, "kept patches");
    for (const auto patch : kept) {
      if (patch < 0 || patch >= count) {
        throw Error(ErrorKind::kSettings, "kept patches", "no patch " + std::to_string(patch));
      }
    }
    return {patches, targets, kept, batch, kept_count};
  }

  // Of each image in [first, last) the kept rows: [last - first, kept_count, values]. `rows` has
  // `stride` rows of `values` values an image; 0 when all images share them.
  static at::Tensor gathered(std::span<const float> rows, std::int64_t stride, std::int64_t values,
                             const Batch& batch, std::int64_t first, std::int64_t last) {
    std::vector<float> out;
    out.reserve(static_cast<std::size_t>((last - first) * batch.kept_count * values));
    for (std::int64_t i = first * batch.kept_count; i < last * batch.kept_count; ++i) {
      const auto row = i / batch.kept_count * stride + batch.kept[i];
      const auto source = rows.subspan(row * values, values);
      out.insert(out.end(), source.begin(), source.end());
    }
    return tensor_of(out, {last - first, batch.kept_count, values});
  }

  at::Tensor normalised_input(const at::Tensor& patches) const {
    const auto shape = patches.sizes().vec();
    const auto channels = patches.view({shape[0], shape[1], 3, -1});
    for (int c = 0; c < 3; ++c) {
      channels.select(2, c)
          .sub_(static_cast<double>(mean_.at(c)))
          .div_(static_cast<double>(std_.at(c)));
    }
    return patches;
  }

  // Leaves the gradients of this worker's part of the batch; returns its part of the loss.
  double differentiate(const Batch& batch, int worker) {
    const std::int64_t first = batch.images * worker / workers_.count();
    const std::int64_t last = batch.images * (worker + 1) / workers_.count();
    for (auto& parameter : parameters_) parameter.gradients.at(worker).reset();
    if (first == last) return 0;

    TensorsByName leaves{{"pos_embed", pos_embed_}};
    for (const auto& parameter : parameters_) {
      leaves[parameter.name] = parameter.value.detach().requires_grad_();
    }
    const at::Tensor loss = loss_of(vit_of(config_, leaves), batch, first, last);
    loss.backward();
    for (auto& parameter : parameters_) {
      parameter.gradients.at(worker) = leaves.at(parameter.name).grad();
    }
    return loss.item<double>();
  }

  at::Tensor loss_of(const Vit& vit, const Batch& batch, std::int64_t first,
                     std::int64_t last) const {
    const std::int64_t count = config_.patch_count(), width = config_.width;
    const std::span<const float> places(pos_embed_.const_data_ptr<float>() + width,
                                        static_cast<std::size_t>(count * width));
    const auto patches = gathered(batch.patches, count, config_.patch_values(), batch, first, last);
    const auto targets = gathered(batch.targets, count, width, batch, first, last);
    const auto positions = gathered(places, 0, width, batch, first, last);
    const auto tokens = run_blocks(vit, embed_patches(vit, normalised_input(patches), positions));
    const auto student = l2_normalised(tokens.narrow(1, 1, batch.kept_count));
    return (student - targets).square().sum() /
           static_cast<double>(batch.images * batch.kept_count);
  }

  // Of the parameters of this worker.
  void sum_gradients(int worker) {
    for (auto& parameter : parameters_) {
      if (parameter.owner != worker) continue;
      parameter.gradient = summed(parameter.gradients);
      parameter.gradient_norm = at::linalg_vector_norm(parameter.gradient).item<double>();
    }
  }

  // In the order of the workers; see Note [Steps that repeat to the bit].
  static at::Tensor summed(const std::vector<at::Tensor>& gradients) {
    at::Tensor sum;
    for (const auto& part : gradients) {
      if (part.defined()) sum = sum.defined() ? sum.add_(part) : part;
    }
    return sum;
  }

  double gradient_norm() const {
    double square = 0;
    for (const auto& parameter : parameters_) {
      square += parameter.gradient_norm * parameter.gradient_norm;
    }
    return std::sqrt(square);
  }

  // One AdamW step with gradients times `scale`, on the parameters of this worker.
  void update(int worker, const StepOptions& options, double scale) {
    for (const bool decayed : {true, false}) {
      std::vector<at::Tensor> values, gradients, first, second;
      for (auto& parameter : parameters_) {
        if (parameter.owner != worker || parameter.decays != decayed) continue;
        values.push_back(parameter.value);
        gradients.push_back(scale < 1 ? parameter.gradient.mul_(scale) : parameter.gradient);
        first.push_back(parameter.moment1);
        second.push_back(parameter.moment2);
      }
      if (values.empty()) continue;
      const std::vector<at::Tensor> steps(
          values.size(), at::full({}, static_cast<double>(step_count_), at::kFloat));
      at::_fused_adamw_(values, gradients, first, second, {}, steps, options.learning_rate,
                        options.beta1, options.beta2, decayed ? options.weight_decay : 0.0,
                        kAdamEpsilon, false, false);
    }
  }

  void export_with_prefix(const Sink& sink, const std::string& prefix) const {
    sink(prefix + "pos_embed", float_view(pos_embed_));
    for (const auto& parameter : parameters_) {
      sink(prefix + parameter.name, float_view(parameter.value));
    }
  }

  VitConfig config_;
  std::array<float, 3> mean_, std_;
  Workers workers_;
  std::vector<Parameter> parameters_;
  at::Tensor pos_embed_;
  std::int64_t step_count_ = 0;
};

}  // namespace

std::unique_ptr<StudentTrainer> make_torch_student_trainer(const NetworkView& student,
                                                           const TensorMap& state, int threads) {
  check_threads(threads);
  return std::make_unique<TorchStudentTrainer>(student, state, threads);
}

}  // namespace novelty
