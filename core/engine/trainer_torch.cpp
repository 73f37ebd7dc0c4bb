// SPDX-License-Identifier: Apache-2.0
// Masked distillation of a student. All is trained but the position embedding, which stays the
// fixed sine-cosine one.
#include <ATen/TensorOperators.h>

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
      : config_(student.config), mean_(student.mean), std_(student.std), optimizer_(threads) {
    TensorsByName values =
        load_tensors(config_, state.empty() ? student.tensors : with_prefix(state, "student."));
    pos_embed_ = values.extract("pos_embed").mapped();
    optimizer_.start(values, state);
  }

  double step(std::span<const float> patches, std::span<const float> targets,
              std::span<const std::int64_t> kept, int batch, const StepOptions& options) override {
    const Batch whole = checked(patches, targets, kept, batch);
    return optimizer_.step(
        batch,
        [&](TensorsByName leaves, std::int64_t first, std::int64_t last, int) {
          leaves["pos_embed"] = pos_embed_;
          return loss_of(vit_of(config_, leaves), whole, first, last);
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

  at::Tensor loss_of(const Vit& vit, const Batch& batch, std::int64_t first,
                     std::int64_t last) const {
    const std::int64_t count = config_.patch_count(), width = config_.width;
    const std::span<const float> places(pos_embed_.const_data_ptr<float>() + width,
                                        static_cast<std::size_t>(count * width));
    const auto patches = gathered(batch.patches, count, config_.patch_values(), batch, first, last);
    const auto targets = gathered(batch.targets, count, width, batch, first, last);
    const auto positions = gathered(places, 0, width, batch, first, last);
    const auto tokens =
        run_blocks(vit, embed_patches(vit, normalise_patches(patches, mean_, std_), positions));
    const auto student = l2_normalised(tokens.narrow(1, 1, batch.kept_count));
    return (student - targets).square().sum() /
           static_cast<double>(batch.images * batch.kept_count);
  }

  void export_with_prefix(const Sink& sink, const std::string& prefix) const {
    sink(prefix + "pos_embed", float_view(pos_embed_));
    optimizer_.export_values(sink, prefix);
  }

  VitConfig config_;
  std::array<float, 3> mean_, std_;
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
