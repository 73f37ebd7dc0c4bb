// SPDX-License-Identifier: Apache-2.0
// Feature distillation of a compact Vision Transformer from a larger one.
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>

#include <array>
#include <cmath>

#include "engine/adamw_torch.h"
#include "engine/backend_torch.h"
#include "nn/init.h"
#include "nn/vit_torch.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr double kLeastAttention = 1e-8;  // of a patch, below it logarithms are cut

class TorchCompactTrainer : public CompactTrainer {
 public:
  TorchCompactTrainer(const NetworkView& network, std::int64_t teacher_width, std::uint64_t seed,
                      const TensorMap& state, int threads)
      : config_(network.config),
        mean_(network.mean),
        std_(network.std),
        teacher_width_(teacher_width),
        optimizer_(threads),
        losses_(static_cast<std::size_t>(optimizer_.worker_count())) {
    TensorsByName values =
        load_tensors(config_, state.empty() ? network.tensors : with_prefix(state, "network."));
    if (has_head()) add_head(values, seed, state);
    optimizer_.start(values, state);
  }

  CompactLosses step(std::span<const float> patches, const CompactTargets& targets, int batch,
                     const StepOptions& options) override {
    check(patches, targets, batch);
    losses_.assign(losses_.size(), {});
    optimizer_.step(
        batch,
        [&](const TensorsByName& leaves, std::int64_t first, std::int64_t last, int worker) {
          return loss_of(leaves, patches, targets, {first, last, batch}, losses_.at(worker));
        },
        options);
    CompactLosses sum;
    for (const auto& part : losses_) {
      sum.tokens += part.tokens;
      sum.cls += part.cls;
      sum.attention += part.attention;
    }
    return sum;
  }

  void export_network(const Sink& sink) override {
    optimizer_.export_values(
        [&](const std::string& name, const TensorView& tensor) {
          if (name != kHeadWeight && name != kHeadBias) sink(name, tensor);
        },
        "");
  }

  void export_state(const Sink& sink) override {
    optimizer_.export_values(sink, "network.");
    optimizer_.export_state(sink);
  }

 private:
  // Images [first, last) of a batch of `all`.
  struct Part {
    std::int64_t first, last, all;
  };

  bool has_head() const { return teacher_width_ != config_.width; }

  void add_head(TensorsByName& values, std::uint64_t seed, const TensorMap& state) const {
    const std::int64_t width = config_.width;
    const std::vector<float> weight = init_linear(teacher_width_, width, seed);
    const std::vector<float> bias(static_cast<std::size_t>(teacher_width_));
    const TensorMap head = state.empty()
                               ? TensorMap{{"weight", view_of(weight, {teacher_width_, width})},
                                           {"bias", view_of(bias, {teacher_width_})}}
                               : with_prefix(state, "network.head.");
    add_head_values(values, head, teacher_width_, width);
  }

  void check(std::span<const float> patches, const CompactTargets& targets, int batch) const {
    const std::int64_t count = config_.patch_count();
    if (batch < 1) throw Error(ErrorKind::kSettings, "batch", std::to_string(batch) + " images");
    check_size(patches.size(), batch * count * config_.patch_values(), "patches");
    check_size(targets.tokens.size(), batch * count * teacher_width_, "target tokens");
    check_size(targets.cls.size(), batch * teacher_width_, "target [CLS]");
    check_size(targets.attention.size(), batch * count, "target attention");
  }

  // Rows [first, last) of `values`, each of `shape`.
  static at::Tensor rows_of(std::span<const float> values, const Part& part,
                            std::vector<std::int64_t> shape) {
    std::int64_t size = 1;
    for (const auto side : shape) size *= side;
    shape.insert(shape.begin(), part.last - part.first);
    const auto row = static_cast<std::size_t>(size);
    return tensor_of(values.subspan(static_cast<std::size_t>(part.first) * row,
                                    static_cast<std::size_t>(part.last - part.first) * row),
                     shape);
  }

  at::Tensor loss_of(const TensorsByName& leaves, std::span<const float> patches,
                     const CompactTargets& targets, const Part& part, CompactLosses& losses) const {
    const std::int64_t count = config_.patch_count();
    const auto input =
        normalise_patches(rows_of(patches, part, {count, config_.patch_values()}), mean_, std_);
    at::Tensor attention;
    at::Tensor tokens = forward(vit_of(config_, leaves), input, &attention);
    if (has_head()) tokens = at::linear(tokens, leaves.at(kHeadWeight), leaves.at(kHeadBias));
    tokens = l2_normalised(tokens);
    const auto images = static_cast<double>(part.all);
    const auto cls =
        (tokens.select(1, 0) - rows_of(targets.cls, part, {teacher_width_})).square().sum() /
        images;
    const auto rest =
        (tokens.narrow(1, 1, count) - rows_of(targets.tokens, part, {count, teacher_width_}))
            .square()
            .sum() /
        (images * static_cast<double>(count));
    const auto looks =
        divergence(rows_of(targets.attention, part, {count}), attention).sum() / images;
    losses = {rest.item<double>(), cls.item<double>(), looks.item<double>()};
    return rest + cls * kClsWeight + looks * kAttentionWeight;
  }

  // Of each row, both made to sum to 1; [n].
  static at::Tensor divergence(const at::Tensor& wanted, const at::Tensor& given) {
    const auto shares = [](const at::Tensor& x) {
      return (x / x.sum(-1, true).clamp_min(kLeastAttention)).clamp_min(kLeastAttention);
    };
    const auto p = shares(wanted), q = shares(given);
    return (p * (p.log() - q.log())).sum(-1);
  }

  VitConfig config_;
  std::array<float, 3> mean_, std_;
  std::int64_t teacher_width_;
  AdamW optimizer_;
  std::vector<CompactLosses> losses_;  // one a worker
};

}  // namespace

std::unique_ptr<CompactTrainer> make_torch_compact_trainer(const NetworkView& network,
                                                           int teacher_width, std::uint64_t seed,
                                                           const TensorMap& state, int threads) {
  check_threads(threads);
  return std::make_unique<TorchCompactTrainer>(network, teacher_width, seed, state, threads);
}

}  // namespace novelty
