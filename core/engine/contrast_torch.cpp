// SPDX-License-Identifier: Apache-2.0
// Mean-shifted contrastive fine-tuning of a teacher.
//
// Note [Gradients of a whole batch]
// Each view's loss depends on all views of the batch, and a graph over all of them would keep all
// their activations. So the [CLS] tokens are computed without a graph first, then the gradient of
// the loss by them; then each worker goes through its views again, a few at a time, and pulls that
// gradient back. It costs a second forward pass; memory does not grow with the batch.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/roll.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "engine/adamw_torch.h"
#include "engine/backend_torch.h"
#include "nn/vit_torch.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::int64_t kChunk = 8;  // views in a graph

// The loss of a batch, and its gradient by the [CLS] tokens.
struct Contrast {
  double loss = 0;
  at::Tensor gradient;  // [views, width]
};

// cls: [2 * pictures, width], L2-normalised.
Contrast contrast_of(const at::Tensor& cls, const at::Tensor& centre) {
  cls.requires_grad_();
  const auto views = cls.size(0);
  const auto directions = l2_normalised(cls - centre);
  const auto self = at::eye(views, at::kBool);
  const auto likeness = at::matmul(directions, directions.transpose(0, 1))
                            .div(ContrastTrainer::kTemperature)
                            .masked_fill(self, -std::numeric_limits<float>::infinity());
  // Column i + pictures of row i: the other view of its picture.
  const auto other = at::roll(self, views / 2, 1);
  const auto loss = -at::log_softmax(likeness, 1).masked_select(other).mean();
  loss.backward();
  return {loss.item<double>(), cls.grad()};
}

class TorchContrastTrainer : public ContrastTrainer {
 public:
  TorchContrastTrainer(const NetworkView& teacher, std::span<const float> centre,
                       const TensorMap& state, int threads)
      : config_(teacher.config),
        mean_(teacher.mean),
        std_(teacher.std),
        centre_(tensor_of(centre, {1, config_.width})),
        optimizer_(threads) {
    optimizer_.start(
        load_tensors(config_, state.empty() ? teacher.tensors : with_prefix(state, "network.")),
        state);
  }

  double step(std::span<const float> views, int pictures, const StepOptions& options) override {
    if (pictures < 2)
      throw Error(ErrorKind::kSettings, "batch", std::to_string(pictures) + " pictures");
    const std::int64_t count = 2 * std::int64_t{pictures};
    check_size(views.size(), count * config_.patch_count() * config_.patch_values(), "views");
    const std::vector<at::Tensor> parts = all_cls(views, count);
    Contrast contrast;
    optimizer_.run(1, [&](std::int64_t, std::int64_t, int) {  // Note [Threads and LibTorch]
      contrast = contrast_of(at::cat(parts), centre_);
    });
    optimizer_.step(
        count,
        [&](const TensorsByName& leaves, std::int64_t first, std::int64_t last, int) {
          return pulled_back(vit_of(config_, leaves), views, contrast.gradient, first, last);
        },
        options);
    return contrast.loss;
  }

  void export_state(const Sink& sink) override {
    optimizer_.export_values(sink, "network.");
    optimizer_.export_state(sink);
  }

 private:
  // [last - first, width]
  at::Tensor cls_of(const Vit& vit, std::span<const float> views, std::int64_t first,
                    std::int64_t last) const {
    const std::int64_t count = config_.patch_count(), values = config_.patch_values();
    const auto patches =
        tensor_of(views.subspan(static_cast<std::size_t>(first * count * values),
                                static_cast<std::size_t>((last - first) * count * values)),
                  {last - first, count, values});
    return l2_normalised(forward(vit, normalise_patches(patches, mean_, std_)).select(1, 0));
  }

  // Of the workers' parts of the views, in order.
  std::vector<at::Tensor> all_cls(std::span<const float> views, std::int64_t count) {
    const Vit vit = vit_of(config_, optimizer_.values());
    std::vector<at::Tensor> parts(static_cast<std::size_t>(optimizer_.worker_count()));
    optimizer_.run(count, [&](std::int64_t first, std::int64_t last, int worker) {
      const at::NoGradGuard no_graph;
      std::vector<at::Tensor> chunks;
      for (; first < last; first += kChunk)
        chunks.push_back(cls_of(vit, views, first, std::min(first + kChunk, last)));
      parts.at(static_cast<std::size_t>(worker)) = at::cat(chunks);
    });
    std::erase_if(parts, [](const at::Tensor& part) { return !part.defined(); });
    return parts;
  }

  // A loss whose gradient is that of the batch's, for views [first, last); of all but the last
  // chunk it is already added up in the leaves.
  at::Tensor pulled_back(const Vit& vit, std::span<const float> views, const at::Tensor& gradient,
                         std::int64_t first, std::int64_t last) const {
    for (;; first += kChunk) {
      const auto end = std::min(first + kChunk, last);
      auto loss = (cls_of(vit, views, first, end) * gradient.narrow(0, first, end - first)).sum();
      if (end == last) return loss;
      loss.backward();
    }
  }

  VitConfig config_;
  std::array<float, 3> mean_, std_;
  at::Tensor centre_;  // [1, width]
  AdamW optimizer_;
};

}  // namespace

std::unique_ptr<ContrastTrainer> make_torch_contrast_trainer(const NetworkView& teacher,
                                                             std::span<const float> centre,
                                                             const TensorMap& state, int threads) {
  check_threads(threads);
  check_size(centre.size(), teacher.config.width, "centre");
  return std::make_unique<TorchContrastTrainer>(teacher, centre, state, threads);
}

}  // namespace novelty
