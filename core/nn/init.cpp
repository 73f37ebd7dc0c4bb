// SPDX-License-Identifier: Apache-2.0
// Seeded random weights of a Vision Transformer.
#include "nn/init.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "base/rng.h"
#include "novelty/error.h"

namespace novelty {
namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::size_t count_of(const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (const auto side : shape) count *= static_cast<std::size_t>(side);
  return count;
}

std::vector<float> uniform(std::size_t count, double limit, Rng& rng) {
  std::vector<float> values(count);
  for (auto& value : values) value = static_cast<float>((2 * rng.uniform() - 1) * limit);
  return values;
}

std::vector<float> normal(std::size_t count, double deviation, Rng& rng) {
  std::vector<float> values(count);
  for (auto& value : values) value = static_cast<float>(rng.normal() * deviation);
  return values;
}

// Glorot and Bengio 2010: the variance is 2 / (inputs + outputs).
std::vector<float> xavier_uniform(const std::vector<std::int64_t>& shape, Rng& rng) {
  const std::size_t count = count_of(shape);
  const auto outputs = static_cast<double>(shape.front());
  const double inputs = static_cast<double>(count) / outputs;
  return uniform(count, std::sqrt(6 / (inputs + outputs)), rng);
}

// sin then cos of `position` at the frequencies 10000^(-k / quarter), into 2 * quarter values.
void sine_cosine(int position, int quarter, float* out) {
  for (int k = 0; k < quarter; ++k) {
    const double angle = position * std::pow(10000.0, -static_cast<double>(k) / quarter);
    out[k] = static_cast<float>(std::sin(angle));
    out[quarter + k] = static_cast<float>(std::cos(angle));
  }
}

// The order of MAE's code: of each row, the first half encodes x (column), the second y (row);
// in each half first all sines, then all cosines. The row of [CLS] is zero.
std::vector<float> position_embedding(const VitConfig& config) {
  const int width = config.width;
  std::vector<float> rows(static_cast<std::size_t>(1 + config.patch_count()) * width);
  for (int patch = 0; patch < config.patch_count(); ++patch) {
    float* row = rows.data() + static_cast<std::size_t>(1 + patch) * width;
    sine_cosine(patch % config.grid_size(), width / 4, row);
    sine_cosine(patch / config.grid_size(), width / 4, row + width / 2);
  }
  return rows;
}

bool is_norm(const std::string& name) {
  return name.find("norm") != std::string::npos;
}

// What both kinds of network share: biases 0, norms 1, [CLS] small. False for all other tensors.
bool fill_plain(const std::string& name, std::vector<float>& values, Rng& rng) {
  if (name == "cls_token") {
    values = normal(values.size(), 0.02, rng);
  } else if (ends_with(name, ".bias")) {
    std::fill(values.begin(), values.end(), 0.0F);
  } else if (is_norm(name)) {
    std::fill(values.begin(), values.end(), 1.0F);
  } else {
    return false;
  }
  return true;
}

// Takes the mean over the patch's pixels out of each row's channels: [rows, 3, pixels].
void remove_mean_response(std::vector<float>& weight, std::size_t pixels) {
  for (std::size_t begin = 0; begin + pixels <= weight.size(); begin += pixels) {
    const auto first = weight.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = first + static_cast<std::ptrdiff_t>(pixels);
    const double mean = std::accumulate(first, last, 0.0) / static_cast<double>(pixels);
    std::for_each(first, last, [mean](float& value) { value -= static_cast<float>(mean); });
  }
}

// Note [An untrained teacher]
// Random features tell patches apart by structure: a strong patch embedding that does not respond
// to brightness, positions that differ, and residual branches small enough (1 / sqrt(2 depth)) that
// tokens do not all drift to one direction.
std::vector<float> teacher_matrix(const std::string& name, const std::vector<std::int64_t>& shape,
                                  const VitConfig& config, Rng& rng) {
  const std::size_t count = count_of(shape);
  const double inputs = static_cast<double>(count) / static_cast<double>(shape.front());
  const bool embeds = name == "patch_embed.proj.weight";
  const bool ends_branch = ends_with(name, "attn.proj.weight") || ends_with(name, "fc2.weight");
  const double gain = embeds ? 4 : ends_branch ? 1 / std::sqrt(2.0 * config.depth) : 1;
  std::vector<float> weight = normal(count, gain / std::sqrt(inputs), rng);
  if (embeds) {
    remove_mean_response(weight, static_cast<std::size_t>(config.patch_size) * config.patch_size);
  }
  return weight;
}

// Streams of the generator, so that a student and a teacher of one seed are unrelated.
constexpr std::uint64_t kStudentStream = 0x5354;
constexpr std::uint64_t kTeacherStream = 0x5445;
constexpr std::uint64_t kHeadStream = 1;

}  // namespace

VitWeights init_student(const VitConfig& config, std::uint64_t seed) {
  check_vit_config(config, "model");
  if (config.width % 4 != 0) {
    throw Error(ErrorKind::kSettings, "width",
                std::to_string(config.width) + " is not a multiple of 4");
  }
  Rng rng(seed, kStudentStream);
  VitWeights weights;
  for (const auto& [name, shape] : vit_tensor_shapes(config)) {
    std::vector<float> values(count_of(shape));
    if (name == "pos_embed") {
      values = position_embedding(config);
    } else if (!fill_plain(name, values, rng)) {
      values = xavier_uniform(shape, rng);
    }
    weights[name] = std::move(values);
  }
  return weights;
}

std::vector<float> init_linear(std::int64_t outputs, std::int64_t inputs, std::uint64_t seed) {
  Rng rng(seed, kHeadStream);
  return xavier_uniform({outputs, inputs}, rng);
}

VitWeights init_untrained_teacher(const VitConfig& config, std::uint64_t seed) {
  check_vit_config(config, "model");
  Rng rng(seed, kTeacherStream);
  VitWeights weights;
  for (const auto& [name, shape] : vit_tensor_shapes(config)) {
    std::vector<float> values(count_of(shape));
    if (name == "pos_embed") {
      values = normal(values.size(), 0.1, rng);
    } else if (!fill_plain(name, values, rng)) {
      values = teacher_matrix(name, shape, config, rng);
    }
    weights[name] = std::move(values);
  }
  return weights;
}

}  // namespace novelty
