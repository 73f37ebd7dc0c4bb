// SPDX-License-Identifier: Apache-2.0
// Dense fine-tuning of a teacher's last blocks on normal pictures (DEFEND).
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/rng.h"
#include "engine/adamw_torch.h"
#include "engine/backend_torch.h"
#include "nn/vit_torch.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// The paper's (sections 3.1, 4.2).
constexpr int kTrainedBlocks = 2;
constexpr int kCropPixels = 96;
constexpr std::array<std::int64_t, 2> kHidden{2048, 2048};
constexpr std::int64_t kOutputs = 256;
constexpr double kEpsilon = 0.05;
constexpr int kIterations = 3;
constexpr double kTemperature = 0.1;
constexpr double kNetworkRate = 0.1;  // times that of the head and the prototypes
constexpr int kMostPrototypes = 4096;

constexpr const char* kPrototypes = "prototypes";  // [prototypes, kOutputs]

std::string head_name(std::size_t layer, const char* part) {
  return "head." + std::to_string(layer) + "." + part;
}

at::Tensor random_tensor(std::int64_t rows, std::int64_t columns, std::uint64_t seed,
                         std::uint64_t stream) {
  Rng rng(seed, stream);
  const double deviation = 1 / std::sqrt(static_cast<double>(columns));
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (auto& value : values) value = static_cast<float>(rng.normal() * deviation);
  return tensor_of(values, {rows, columns});
}

// The head's layers and the prototypes.
TensorsByName initial_judges(std::int64_t width, const DefendOptions& options) {
  const std::array<std::int64_t, 4> sizes{width, kHidden[0], kHidden[1], kOutputs};
  TensorsByName values;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    values[head_name(i, "weight")] = random_tensor(sizes[i + 1], sizes[i], options.seed, i + 1);
    values[head_name(i, "bias")] = at::zeros({sizes[i + 1]});
  }
  values[kPrototypes] = random_tensor(options.prototypes, kOutputs, options.seed, sizes.size());
  return values;
}

at::Tensor stored(const TensorMap& state, const std::string& name, at::IntArrayRef shape) {
  const auto found = state.find("network." + name);
  if (found == state.end() || found->second.shape != shape.vec())
    throw Error(ErrorKind::kFormat, name, "it is missing from the training state");
  return tensor_of(to_floats(found->second, name), shape);
}

// positions: [1, 1 + grid * grid, width] of a network; those of the patches of a crop.
at::Tensor resampled(const at::Tensor& positions, std::int64_t grid, std::int64_t crop_grid) {
  const auto width = positions.size(2);
  const auto map = positions.narrow(1, 1, grid * grid).view({1, grid, grid, width});
  const std::array<std::int64_t, 2> size{crop_grid, crop_grid};
  return at::_upsample_bicubic2d_aa(map.permute({0, 3, 1, 2}).contiguous(), size, false)
      .permute({0, 2, 3, 1})
      .reshape({1, crop_grid * crop_grid, width});
}

class TorchDefendTrainer : public DefendTrainer {
 public:
  TorchDefendTrainer(const NetworkView& teacher, const DefendOptions& options,
                     const TensorMap& state, int threads)
      : config_(teacher.config),
        mean_(teacher.mean),
        std_(teacher.std),
        options_(options),
        tensors_(load_tensors(config_, teacher.tensors)),
        crop_positions_(resampled(tensors_.at("pos_embed"), config_.grid_size(), crop_grid())),
        optimizer_(threads) {
    VitConfig frozen = config_;
    frozen.depth = frozen_blocks();
    frozen_ = vit_of(frozen, tensors_);
    TensorsByName values = initial_judges(config_.width, options);
    for (const auto& [name, tensor] : tensors_)
      if (is_trained(name)) values[name] = tensor;
    if (!state.empty())
      for (auto& [name, tensor] : values) tensor = stored(state, name, tensor.sizes());
    optimizer_.start(values, state);
    optimizer_.set_rate("blocks.", kNetworkRate);
    optimizer_.set_rate("norm.", kNetworkRate);
  }

  int crop_grid() const override {
    const int wanted = (kCropPixels + config_.patch_size / 2) / config_.patch_size;
    return std::clamp(wanted, 1, config_.grid_size());
  }

  void frozen(std::span<const float> patches, int batch, std::span<float> out) override {
    const std::int64_t count = config_.patch_count();
    const std::int64_t tokens = std::int64_t{config_.token_count()} * config_.width;
    check_batch(batch);
    check_size(patches.size(), batch * count * config_.patch_values(), "patches");
    check_size(out.size(), batch * tokens, "frozen tokens");
    optimizer_.run(batch, [&](std::int64_t first, std::int64_t last, int) {
      const auto rows = part(patches, batch, first, last);
      const auto given =
          frozen_tokens(rows, count, tensors_.at("pos_embed").narrow(1, 1, count)).contiguous();
      std::copy_n(given.const_data_ptr<float>(), given.numel(),
                  out.begin() + static_cast<std::ptrdiff_t>(first * tokens));
    });
  }

  DefendMeasures step(std::span<const float> whole, std::span<const float> crops,
                      std::span<const Box> boxes, int batch, const StepOptions& options) override {
    check(whole, crops, boxes, batch);
    const std::vector<float> targets = targets_of(whole, boxes, batch);
    std::vector<std::set<std::int64_t>> seen(static_cast<std::size_t>(optimizer_.worker_count()));
    DefendMeasures all;
    all.loss = optimizer_.step(
        batch,
        [&](const TensorsByName& leaves, std::int64_t first, std::int64_t last, int worker) {
          return loss_of(leaves, part(crops, batch, first, last),
                         part(std::span(targets), batch, first, last),
                         seen.at(static_cast<std::size_t>(worker))) /
                 static_cast<double>(boxes.size() * crop_patches());
        },
        options);
    std::set<std::int64_t> nearest;
    for (const auto& one : seen) nearest.insert(one.begin(), one.end());
    all.in_use = static_cast<int>(nearest.size());
    return all;
  }

  void export_state(const Sink& sink) override {
    optimizer_.export_values(sink, "network.");
    optimizer_.export_state(sink);
  }

 private:
  bool is_trained(const std::string& name) const {
    if (name.starts_with("norm.")) return true;
    for (int i = frozen_blocks(); i < config_.depth; ++i)
      if (name.starts_with("blocks." + std::to_string(i) + ".")) return true;
    return false;
  }

  int frozen_blocks() const { return std::max(0, config_.depth - kTrainedBlocks); }
  std::size_t crop_patches() const {
    return static_cast<std::size_t>(crop_grid()) * static_cast<std::size_t>(crop_grid());
  }

  // The values of images [first, last) of a batch.
  static std::span<const float> part(std::span<const float> values, int batch, std::int64_t first,
                                     std::int64_t last) {
    const auto image = static_cast<std::int64_t>(values.size()) / batch;
    return values.subspan(static_cast<std::size_t>(first * image),
                          static_cast<std::size_t>((last - first) * image));
  }

  static void check_batch(int batch) {
    if (batch < 1) throw Error(ErrorKind::kSettings, "batch", std::to_string(batch) + " images");
  }

  void check(std::span<const float> whole, std::span<const float> crops, std::span<const Box> boxes,
             int batch) const {
    check_batch(batch);
    check_size(whole.size(), std::int64_t{batch} * config_.token_count() * config_.width,
               "whole pictures");
    const auto each = std::max<std::int64_t>(1, static_cast<std::int64_t>(boxes.size()) / batch);
    check_size(boxes.size(), batch * each, "boxes");
    check_size(crops.size(),
               batch * each * static_cast<std::int64_t>(crop_patches()) * config_.patch_values(),
               "crops");
  }

  // patches: [any, count, patch_values]. Returns [any, 1 + count + registers, width], without a
  // graph.
  at::Tensor frozen_tokens(std::span<const float> patches, std::int64_t count,
                           const at::Tensor& positions) const {
    const at::NoGradGuard no_graph;
    const auto input = tensor_of(
        patches, {static_cast<std::int64_t>(patches.size()) / (count * config_.patch_values()),
                  count, config_.patch_values()});
    return through_blocks(frozen_,
                          embed_patches(frozen_, normalise_patches(input, mean_, std_), positions));
  }

  // The similarity of each patch to each prototype: [n, patches, prototypes] of frozen tokens
  // [n, 1 + patches + registers, width].
  at::Tensor similarities(const TensorsByName& values, const at::Tensor& tokens) const {
    TensorsByName network = tensors_;
    for (const auto& [name, value] : values) network[name] = value;
    Vit last = vit_of(config_, network);
    last.blocks.erase(last.blocks.begin(), last.blocks.begin() + frozen_blocks());
    at::Tensor z = run_blocks(last, tokens).narrow(1, 1, tokens.size(1) - 1 - config_.registers);
    for (std::size_t i = 0; i <= kHidden.size(); ++i) {
      z = at::linear(z, values.at(head_name(i, "weight")), values.at(head_name(i, "bias")));
      if (i < kHidden.size()) z = at::gelu(z);
    }
    return at::matmul(l2_normalised(z), l2_normalised(values.at(kPrototypes)).transpose(0, 1));
  }

  // To which prototype each patch of each crop belongs: [boxes, crop patches, prototypes].
  std::vector<float> targets_of(std::span<const float> whole, std::span<const Box> boxes,
                                int batch) {
    const auto prototypes = static_cast<std::size_t>(options_.prototypes);
    const auto grid = static_cast<std::size_t>(config_.grid_size());
    const std::size_t map = grid * grid * prototypes;
    std::vector<float> plan(static_cast<std::size_t>(batch) * map);
    const TensorsByName values = optimizer_.values();
    optimizer_.run(batch, [&](std::int64_t first, std::int64_t last, int) {
      const at::NoGradGuard no_graph;
      const auto tokens = tensor_of(part(whole, batch, first, last),
                                    {last - first, config_.token_count(), config_.width});
      const auto given = similarities(values, tokens).contiguous();
      std::copy_n(
          given.const_data_ptr<float>(), given.numel(),
          plan.begin() + static_cast<std::ptrdiff_t>(first) * static_cast<std::ptrdiff_t>(map));
    });
    sinkhorn(plan, prototypes, kEpsilon, kIterations);
    if (options_.hard_targets) harden(plan, prototypes);
    const std::size_t each = boxes.size() / static_cast<std::size_t>(batch);
    std::vector<float> targets;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      const auto covered = aligned(std::span(plan).subspan(i / each * map, map), grid, boxes[i],
                                   static_cast<std::size_t>(crop_grid()));
      targets.insert(targets.end(), covered.begin(), covered.end());
    }
    return targets;
  }

  // Summed over patches. seen: gets the prototypes that they are nearest to.
  at::Tensor loss_of(const TensorsByName& leaves, std::span<const float> crops,
                     std::span<const float> targets, std::set<std::int64_t>& seen) const {
    const auto count = static_cast<std::int64_t>(crop_patches());
    const auto tokens = frozen_tokens(crops, count, crop_positions_);
    const auto likelihood = at::log_softmax(similarities(leaves, tokens) / kTemperature, -1);
    const auto nearest = likelihood.detach().argmax(-1).contiguous();
    seen.insert(nearest.const_data_ptr<std::int64_t>(),
                nearest.const_data_ptr<std::int64_t>() + nearest.numel());
    return -(tensor_of(targets, likelihood.sizes()) * likelihood).sum();
  }

  VitConfig config_;
  std::array<float, 3> mean_, std_;
  DefendOptions options_;
  TensorsByName tensors_;      // of the teacher as it was
  at::Tensor crop_positions_;  // [1, crop patches, width]
  Vit frozen_;                 // its first blocks
  AdamW optimizer_;
};

void check_options(const DefendOptions& options) {
  if (options.prototypes < 2 || options.prototypes > kMostPrototypes)
    throw Error(ErrorKind::kSettings, "prototypes", std::to_string(options.prototypes),
                "use 2 to " + std::to_string(kMostPrototypes));
}

}  // namespace

std::unique_ptr<DefendTrainer> make_torch_defend_trainer(const NetworkView& teacher,
                                                         const DefendOptions& options,
                                                         const TensorMap& state, int threads) {
  check_threads(threads);
  check_options(options);
  return std::make_unique<TorchDefendTrainer>(teacher, options, state, threads);
}

}  // namespace novelty
