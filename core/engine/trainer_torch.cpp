// SPDX-License-Identifier: Apache-2.0
// Masked distillation of a student. All is trained but the position embedding, which stays the
// fixed sine-cosine one.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cosine_similarity.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/smooth_l1_loss.h>

#include <algorithm>

#include "engine/adamw_torch.h"
#include "engine/backend_torch.h"
#include "nn/vit_torch.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// The arguments of one step.
struct Batch {
  std::span<const float> patches, targets;
  std::span<const std::int64_t> kept;
  std::int64_t images = 0, kept_count = 0;
};

class TorchStudentTrainer : public StudentTrainer {
 public:
  TorchStudentTrainer(const NetworkView& student, const TensorMap& state, int threads)
      : config_(student.config),
        mean_(student.mean),
        std_(student.std),
        comparison_(student.comparison),
        output_width_(student.output_width()),
        has_head_(!student.head.empty()),
        optimizer_(threads) {
    TensorsByName values =
        load_tensors(config_, state.empty() ? student.tensors : with_prefix(state, "student."));
    pos_embed_ = values.extract("pos_embed").mapped();
    if (has_head_)
      add_head_values(values, state.empty() ? student.head : with_prefix(state, "student.head."),
                      output_width_, config_.width);
    optimizer_.start(values, state);
  }

  double step(std::span<const float> patches, std::span<const float> targets,
              std::span<const std::int64_t> kept, int batch, const StepOptions& options) override {
    const Batch whole = checked(patches, targets, kept, batch);
    return optimizer_.step(
        batch,
        [&](TensorsByName leaves, std::int64_t first, std::int64_t last, int) {
          leaves["pos_embed"] = pos_embed_;
          return loss_of(leaves, whole, first, last);
        },
        options);
  }

  void export_student(const Sink& sink) override { export_with_prefix(sink, ""); }

  void export_state(const Sink& sink) override {
    export_with_prefix(sink, "student.");
    optimizer_.export_state(sink);
  }

 private:
  Batch checked(std::span<const float> patches, std::span<const float> targets,
                std::span<const std::int64_t> kept, int batch) const {
    const std::int64_t count = config_.patch_count();
    if (batch < 1) throw Error(ErrorKind::kSettings, "batch", std::to_string(batch) + " images");
    check_size(patches.size(), batch * count * config_.patch_values(), "patches");
    check_size(targets.size(), batch * comparison_.layers * count * output_width_, "targets");
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

  at::Tensor loss_of(const TensorsByName& leaves, const Batch& batch, std::int64_t first,
                     std::int64_t last) const {
    const Vit vit = vit_of(config_, leaves);
    const std::int64_t count = config_.patch_count(), width = config_.width;
    const std::span<const float> places(pos_embed_.const_data_ptr<float>() + width,
                                        static_cast<std::size_t>(count * width));
    const auto patches = gathered(batch.patches, count, config_.patch_values(), batch, first, last);
    const auto positions = gathered(places, 0, width, batch, first, last);
    const auto tokens =
        last_layers(vit, embed_patches(vit, normalise_patches(patches, mean_, std_), positions),
                    comparison_.layers);
    const std::int64_t layers = comparison_.layers;
    at::Tensor sum;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      const std::int64_t size = count * output_width_;
      const auto targets = gathered(batch.targets.subspan(layer * size), layers * count,
                                    output_width_, batch, first, last);
      const auto part = distance(leaves, tokens[layer].narrow(1, 1, batch.kept_count), targets);
      sum = sum.defined() ? sum + part : part;
    }
    return sum / static_cast<double>(layers * batch.images * batch.kept_count);
  }

  // The sum over images and patches of token_distance; tokens before the head, [n, kept, width].
  at::Tensor distance(const TensorsByName& leaves, at::Tensor tokens,
                      const at::Tensor& targets) const {
    if (has_head_) tokens = at::linear(tokens, leaves.at(kHeadWeight), leaves.at(kHeadBias));
    const bool of_length = comparison_.norm == TokenNorm::kLength;
    if (of_length) tokens = l2_normalised(tokens);
    const double share = of_length ? 1 : 1 / static_cast<double>(output_width_);
    switch (comparison_.loss) {
      case TokenLoss::kCosine:
        return (1 - at::cosine_similarity(tokens, targets, -1)).sum();
      case TokenLoss::kSmoothL1:
        return at::smooth_l1_loss(tokens, targets, at::Reduction::Sum) * share;
      case TokenLoss::kSquared:
        break;
    }
    return (tokens - targets).square().sum() * share;
  }

  void export_with_prefix(const Sink& sink, const std::string& prefix) const {
    sink(prefix + "pos_embed", float_view(pos_embed_));
    optimizer_.export_values(sink, prefix);
  }

  VitConfig config_;
  std::array<float, 3> mean_, std_;
  TokenComparison comparison_;
  std::int64_t output_width_;
  bool has_head_;
  AdamW optimizer_;
  at::Tensor pos_embed_;
};

}  // namespace

std::unique_ptr<StudentTrainer> make_torch_student_trainer(const NetworkView& student,
                                                           const TensorMap& state, int threads) {
  check_threads(threads);
  return std::make_unique<TorchStudentTrainer>(student, state, threads);
}

}  // namespace novelty
