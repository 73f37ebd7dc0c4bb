// SPDX-License-Identifier: Apache-2.0
// AdamW over several workers.
#include "engine/adamw_torch.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr double kAdamEpsilon = 1e-8;

bool decays(const std::string& name, const at::Tensor& value) {
  return value.dim() >= 2 && name.find(".weight") != std::string::npos;
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

at::Tensor moment_of(const std::string& name, const at::Tensor& value, const TensorMap& moments) {
  const auto found = moments.find(name);
  if (found == moments.end() || found->second.shape != value.sizes().vec()) {
    throw Error(ErrorKind::kFormat, name, "its moments are missing from the training state");
  }
  return tensor_of(to_floats(found->second, name), value.sizes());
}

// In the order of the workers; see Note [Steps that repeat to the bit].
at::Tensor summed(const std::vector<at::Tensor>& gradients) {
  at::Tensor sum;
  for (const auto& part : gradients) {
    if (part.defined()) sum = sum.defined() ? sum.add_(part) : part;
  }
  return sum;
}

}  // namespace

void AdamW::start(const TensorsByName& values, const TensorMap& state) {
  const TensorMap first = with_prefix(state, "moment1."), second = with_prefix(state, "moment2.");
  step_count_ = state.empty() ? 0 : step_count_of(state);
  for (const auto& [name, value] : values) {
    Parameter& parameter = parameters_.emplace_back();
    parameter.name = name;
    parameter.value = value;
    parameter.decays = decays(name, value);
    parameter.moment1 = state.empty() ? at::zeros_like(value) : moment_of(name, value, first);
    parameter.moment2 = state.empty() ? at::zeros_like(value) : moment_of(name, value, second);
    parameter.gradients.resize(static_cast<std::size_t>(workers_.count()));
  }
  share_out();
}

void AdamW::set_rate(const std::string& prefix, double factor) {
  for (auto& parameter : parameters_)
    if (parameter.name.starts_with(prefix)) parameter.rate = factor;
}

TensorsByName AdamW::values() const {
  TensorsByName values;
  for (const auto& parameter : parameters_) values[parameter.name] = parameter.value;
  return values;
}

void AdamW::run(std::int64_t images, const PartJob& job) {
  workers_.run([&](int worker) {
    const auto [first, last] = part_of(images, worker);
    if (first < last) job(first, last, worker);
  });
}

double AdamW::step(std::int64_t images, const LossOfPart& loss_of_part,
                   const StepOptions& options) {
  std::vector<double> losses(static_cast<std::size_t>(workers_.count()), 0.0);
  workers_.run(
      [&](int worker) { losses.at(worker) = differentiate(images, loss_of_part, worker); });
  workers_.run([&](int worker) { sum_gradients(worker); });
  const double loss = std::accumulate(losses.begin(), losses.end(), 0.0);
  const double norm = gradient_norm();
  if (!std::isfinite(loss) || !std::isfinite(norm)) {
    throw Error(ErrorKind::kSettings, "training",
                "the loss or its gradient is not finite at step " + std::to_string(step_count_ + 1),
                "lower the learning rate");
  }
  const double limit = options.max_gradient_norm;
  const double scale = limit > 0 && norm > limit ? limit / norm : 1;
  ++step_count_;
  workers_.run([&](int worker) { update(worker, options, scale); });
  return loss;
}

void AdamW::export_values(const Sink& sink, const std::string& prefix) const {
  for (const auto& parameter : parameters_)
    sink(prefix + parameter.name, float_view(parameter.value));
}

void AdamW::export_state(const Sink& sink) const {
  for (const auto& parameter : parameters_) {
    sink("moment1." + parameter.name, float_view(parameter.moment1));
    sink("moment2." + parameter.name, float_view(parameter.moment2));
  }
  sink("step", {DType::kI64, {1}, std::as_bytes(std::span(&step_count_, 1))});
}

std::pair<std::int64_t, std::int64_t> AdamW::part_of(std::int64_t images, int worker) const {
  return {images * worker / workers_.count(), images * (worker + 1) / workers_.count()};
}

// Gives each worker about as many values to update.
void AdamW::share_out() {
  std::int64_t total = 0, before = 0;
  for (const auto& parameter : parameters_) total += parameter.value.numel();
  for (auto& parameter : parameters_) {
    parameter.owner = static_cast<int>(before * workers_.count() / total);
    before += parameter.value.numel();
  }
}

// Leaves the gradients of this worker's part of the batch; returns its part of the loss.
double AdamW::differentiate(std::int64_t images, const LossOfPart& loss_of_part, int worker) {
  const auto [first, last] = part_of(images, worker);
  for (auto& parameter : parameters_) parameter.gradients.at(worker).reset();
  if (first == last) return 0;

  TensorsByName leaves;
  for (const auto& parameter : parameters_)
    leaves[parameter.name] = parameter.value.detach().requires_grad_();
  const at::Tensor loss = loss_of_part(leaves, first, last, worker);
  loss.backward();
  for (auto& parameter : parameters_)
    parameter.gradients.at(worker) = leaves.at(parameter.name).grad();
  return loss.item<double>();
}

// Of the parameters of this worker.
void AdamW::sum_gradients(int worker) {
  for (auto& parameter : parameters_) {
    if (parameter.owner != worker) continue;
    parameter.gradient = summed(parameter.gradients);
    parameter.gradient_norm = at::linalg_vector_norm(parameter.gradient).item<double>();
  }
}

double AdamW::gradient_norm() const {
  double square = 0;
  for (const auto& parameter : parameters_)
    square += parameter.gradient_norm * parameter.gradient_norm;
  return std::sqrt(square);
}

// One AdamW step with gradients times `scale`, on the parameters of this worker.
void AdamW::update(int worker, const StepOptions& options, double scale) {
  std::map<std::pair<bool, double>, std::vector<Parameter*>> groups;
  for (auto& parameter : parameters_) {
    if (parameter.owner == worker)
      groups[{!parameter.decays, parameter.rate}].push_back(&parameter);
  }
  for (const auto& [kind, alike] : groups) update_alike(alike, options, scale);
}

// `alike`: at least one, of one rate and decay.
void AdamW::update_alike(const std::vector<Parameter*>& alike, const StepOptions& options,
                         double scale) {
  std::vector<at::Tensor> values, gradients, first, second;
  for (auto* parameter : alike) {
    values.push_back(parameter->value);
    gradients.push_back(scale < 1 ? parameter->gradient.mul_(scale) : parameter->gradient);
    first.push_back(parameter->moment1);
    second.push_back(parameter->moment2);
  }
  const std::vector<at::Tensor> steps(values.size(),
                                      at::full({}, static_cast<double>(step_count_), at::kFloat));
  at::_fused_adamw_(values, gradients, first, second, {}, steps,
                    alike.front()->rate * options.learning_rate, options.beta1, options.beta2,
                    alike.front()->decays ? options.weight_decay : 0.0, kAdamEpsilon, false, false);
}

TensorMap with_prefix(const TensorMap& tensors, const std::string& prefix) {
  TensorMap found;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor;
  }
  return found;
}

TensorView float_view(const at::Tensor& tensor) {
  const std::span<const float> values(tensor.const_data_ptr<float>(),
                                      static_cast<std::size_t>(tensor.numel()));
  return view_of(values, tensor.sizes().vec());
}

at::Tensor normalise_patches(const at::Tensor& patches, const std::array<float, 3>& mean,
                             const std::array<float, 3>& std) {
  const auto channels = patches.view({patches.size(0), patches.size(1), 3, -1});
  for (int c = 0; c < 3; ++c) {
    channels.select(2, c)
        .sub_(static_cast<double>(mean.at(c)))
        .div_(static_cast<double>(std.at(c)));
  }
  return patches;
}

}  // namespace novelty
