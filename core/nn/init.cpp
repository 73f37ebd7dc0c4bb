// SPDX-License-Identifier: Apache-2.0
// Seeded random weights of a Vision Transformer.
#include "nn/init.h"

#include <cmath>
#include <cstddef>

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
std::vector<float> xavier_uniform(const std::vector<std::int64_t>& shape, double gain, Rng& rng) {
  const std::size_t count = count_of(shape);
  const auto outputs = static_cast<double>(shape.front());
  const double inputs = static_cast<double>(count) / outputs;
  return uniform(count, gain * std::sqrt(6 / (inputs + outputs)), rng);
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

// gain: spread of the linear layers relative to Xavier's.
VitWeights random_weights(const VitConfig& config, double gain, Rng& rng) {
  check_vit_config(config, "model");
  if (config.width % 4 != 0) {
    throw Error(ErrorKind::kSettings, "width",
                std::to_string(config.width) + " is not a multiple of 4");
  }
  VitWeights weights;
  for (const auto& [name, shape] : vit_tensor_shapes(config)) {
    const std::size_t count = count_of(shape);
    if (name == "pos_embed") {
      weights[name] = position_embedding(config);
    } else if (name == "cls_token") {
      weights[name] = normal(count, 0.02, rng);
    } else if (ends_with(name, ".bias")) {
      weights[name] = std::vector<float>(count, 0.0F);
    } else if (name.find("norm") != std::string::npos) {
      weights[name] = std::vector<float>(count, 1.0F);
    } else {
      weights[name] = xavier_uniform(shape, gain, rng);
    }
  }
  return weights;
}

// Streams of the generator, so that a student and a teacher of one seed are unrelated.
constexpr std::uint64_t kStudentStream = 0x5354;
constexpr std::uint64_t kTeacherStream = 0x5445;

}  // namespace

VitWeights init_student(const VitConfig& config, std::uint64_t seed) {
  Rng rng(seed, kStudentStream);
  return random_weights(config, 1.0, rng);
}

VitWeights init_untrained_teacher(const VitConfig& config, std::uint64_t seed) {
  Rng rng(seed, kTeacherStream);
  return random_weights(config, 1.5, rng);
}

}  // namespace novelty
