// SPDX-License-Identifier: Apache-2.0
// One network on the device: its weights, and its pass over a batch of pictures.
#include "engine/cuda/device_vit.h"

#include <cmath>
#include <map>
#include <numbers>
#include <string>

#include "novelty/error.h"

namespace novelty::cuda {

// Reads the tensors, in float32, and takes them to the device.
class DeviceVit::Packer {
 public:
  Packer(const NetworkView& network, LinearLibrary& library)
      : network_(network), library_(library), config_(network.config) {}

  // The input's normalisation goes into the weights, the bias into the positions.
  void embedding(DeviceVit& vit) const {
    auto weight = values("patch_embed.proj.weight"), bias = values("patch_embed.proj.bias");
    const auto inputs = static_cast<std::size_t>(config_.patch_values());
    const std::size_t area = inputs / 3;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const std::size_t channel = i % inputs / area;
      weight[i] /= network_.std.at(channel);
      bias[i / inputs] -= weight[i] * network_.mean.at(channel);
    }
    auto positions = values("pos_embed");
    const auto cls = values("cls_token");
    for (std::size_t i = 0; i < positions.size(); ++i) {
      positions[i] += i < cls.size() ? cls[i] : bias[i % bias.size()];
    }
    if (config_.registers > 0) {
      const auto registers = values("reg_token");
      positions.insert(positions.end(), registers.begin(), registers.end());
    }
    vit.positions_ = on_device(positions);
    vit.patch_ = std::make_unique<Linear>(library_, Use::kPlain, config_.width,
                                          config_.patch_values(), weight, bias);
  }

  Block block(const std::string& prefix) const {
    return {norm(prefix + "norm1."),
            qkv(prefix + "attn.qkv."),
            linear(prefix + "attn.proj.", Use::kAdd),
            norm(prefix + "norm2."),
            linear(prefix + "mlp.fc1.", Use::kGelu),
            linear(prefix + "mlp.fc2.", Use::kAdd)};
  }

  Norm norm(const std::string& prefix) const {
    return {on_device(values(prefix + "weight")), on_device(values(prefix + "bias"))};
  }

 private:
  std::vector<float> values(const std::string& name) const {
    return tensor_values(network_.tensors, name, shapes_.at(name));
  }

  // Attention takes powers of 2 of its scores.
  Linear qkv(const std::string& prefix) const {
    auto weight = values(prefix + "weight"), bias = values(prefix + "bias");
    const auto width = static_cast<std::size_t>(config_.width);
    const auto scale =
        static_cast<float>(std::numbers::log2e / std::sqrt(config_.width / config_.heads));
    for (std::size_t i = 0; i < width * width; ++i) weight[i] *= scale;
    for (std::size_t i = 0; i < width; ++i) bias[i] *= scale;
    return made(weight, bias, Use::kBias);
  }

  Linear linear(const std::string& prefix, Use use) const {
    return made(values(prefix + "weight"), values(prefix + "bias"), use);
  }

  Linear made(const std::vector<float>& weight, const std::vector<float>& bias, Use use) const {
    return {
        library_, use, static_cast<int>(bias.size()), static_cast<int>(weight.size() / bias.size()),
        weight,   bias};
  }

  const NetworkView& network_;
  LinearLibrary& library_;
  const VitConfig& config_;
  const std::map<std::string, std::vector<std::int64_t>> shapes_ = vit_tensor_shapes(config_);
};

DeviceVit::DeviceVit(const NetworkView& network, LinearLibrary& library) : config_(network.config) {
  check_vit_config(config_, "network");
  const int head = config_.width / config_.heads;
  if ((head != 32 && head != 64) || config_.mlp_width % 8 != 0) {
    throw Error(ErrorKind::kUnsupported, "network",
                "its width " + std::to_string(config_.width) + " with " +
                    std::to_string(config_.heads) + " heads",
                "on the GPU a head has 32 or 64 values; device=cpu takes more");
  }
  const Packer packer(network, library);
  packer.embedding(*this);
  for (int i = 0; i < config_.depth; ++i) {
    blocks_.push_back(packer.block("blocks." + std::to_string(i) + "."));
  }
  norm_ = packer.norm("norm.");
}

void DeviceVit::plan(int pictures) {
  patch_->plan(pictures * config_.patch_count());
  for (Block& block : blocks_) {
    for (Linear* linear : {&block.qkv, &block.proj, &block.fc1, &block.fc2}) {
      linear->plan(pictures * tokens());
    }
  }
}

DevicePass::DevicePass(const DeviceVit& network, int most)
    : network_(network), workspace_(LinearLibrary::kWorkspaceBytes) {
  const auto rows = static_cast<std::size_t>(shape(most).rows());
  const auto pairs = static_cast<std::size_t>(network.config_.width) / 2;
  prepare_attention();
  x_ = DeviceMemory<Four>(rows * pairs / 2);
  normed_ = DeviceMemory<Bf16Pair>(rows * pairs);
  qkv_ = DeviceMemory<Bf16Pair>(rows * pairs * 3);
  mixed_ = DeviceMemory<Bf16Pair>(rows * pairs);
  hidden_ = DeviceMemory<Bf16Pair>(rows * static_cast<std::size_t>(network.config_.mlp_width) / 2);
}

PassShape DevicePass::shape(int pictures) const {
  return {pictures, network_.tokens(), network_.config_.patch_count(), network_.config_.width,
          network_.config_.heads};
}

void DevicePass::run(int pictures, const Bf16Pair* patches, float* cls_attention,
                     cudaStream_t stream) {
  const PassShape all = shape(pictures);
  const auto& blocks = network_.blocks_;
  network_.patch_->run(pictures * network_.config_.patch_count(), patches, mixed_.data(),
                       workspace_.data(), stream);
  launch_embed(all, mixed_.data(), network_.positions_.data(), x_.data(),
               blocks.front().norm1.view(), normed_.data(), stream);
  const auto apply = [&](const Linear& linear, const auto& from, auto& to) {
    linear.run(all.rows(), from.data(), to.data(), workspace_.data(), stream);
  };
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const DeviceVit::Block& block = blocks[i];
    const bool is_last = i + 1 == blocks.size();
    apply(block.qkv, normed_, qkv_);
    launch_attention(all, qkv_.data(), mixed_.data(), stream);
    if (is_last && cls_attention) launch_cls_attention(all, qkv_.data(), cls_attention, stream);
    apply(block.proj, mixed_, x_);
    launch_normalise(all, x_.data(), block.norm2.view(), normed_.data(), stream);
    apply(block.fc1, normed_, hidden_);
    apply(block.fc2, hidden_, x_);
    if (is_last) break;  // the last norm is its user's
    launch_normalise(all, x_.data(), blocks[i + 1].norm1.view(), normed_.data(), stream);
  }
  check(cudaGetLastError(), "starting a kernel");
}

LastRow DevicePass::last() const {
  return {x_.data(), network_.norm_.view()};
}

}  // namespace novelty::cuda
