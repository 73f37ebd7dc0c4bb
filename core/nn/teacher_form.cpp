// SPDX-License-Identifier: Apache-2.0
// Brings the weights of close relatives of the plain ViT into its form.
#include "nn/teacher_form.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr const char* kPositions = "pos_embed";
constexpr const char* kRegisters = "reg_token";
constexpr std::int64_t kMaxWidth = 4096;
constexpr const char* kPatches = "patch_embed.proj.weight";

// Of the input cells [first, first + weights.size()) that an output cell is made of.
struct Taps {
  int first = 0;
  std::vector<double> weights;  // their sum is 1
};

// Keys' cubic convolution, a = -0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// Of all `to` output cells.
std::vector<Taps> taps_of(int side, int to) {
  const double scale = static_cast<double>(side) / to;
  const double stretch = std::max(scale, 1.0);
  std::vector<Taps> all;
  for (int i = 0; i < to; ++i) {
    const double center = scale * (i + 0.5);
    Taps taps;
    taps.first = std::max(static_cast<int>(std::floor(center - 2 * stretch + 0.5)), 0);
    const int end = std::min(static_cast<int>(std::floor(center + 2 * stretch + 0.5)), side);
    double sum = 0;
    for (int k = taps.first; k < end; ++k) {
      taps.weights.push_back(cubic((k + 0.5 - center) / stretch));
      sum += taps.weights.back();
    }
    for (double& weight : taps.weights) weight /= sum;
    all.push_back(std::move(taps));
  }
  return all;
}

bool is_scale(const std::string& name) {
  return name.ends_with(".ls1.gamma") || name.ends_with(".ls2.gamma");
}

// Multiplies the outputs of the layer before a scale by it: "blocks.3.ls1.gamma" is behind
// "blocks.3.attn.proj", ls2 behind mlp.fc2.
void fold_scale(const std::string& name, const std::vector<float>& gamma, PlainWeights& plain) {
  const std::string block = name.substr(0, name.find(".ls") + 1);
  const std::string layer = block + (name.ends_with(".ls1.gamma") ? "attn.proj" : "mlp.fc2");
  for (const std::string& part : {layer + ".weight", layer + ".bias"}) {
    const auto found = plain.values.find(part);
    if (found == plain.values.end())
      throw Error(ErrorKind::kFormat, name, "is the scale of a layer that is missing: " + part);
    std::vector<float>& values = found->second;
    const std::vector<std::int64_t>& shape = plain.tensors.at(part).shape;
    if (shape.empty() || shape.front() != static_cast<std::int64_t>(gamma.size()))
      throw Error(ErrorKind::kFormat, name, "has another size than " + part);
    const std::size_t row = values.size() / gamma.size();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] *= gamma[i / row];
  }
}

int patch_side(const PlainWeights& plain) {
  const auto found = plain.tensors.find(kPatches);
  const bool is_whole = found != plain.tensors.end() && found->second.shape.size() == 4 &&
                        found->second.shape[2] > 0 && found->second.shape[2] <= 1024;
  if (!is_whole)
    throw Error(ErrorKind::kFormat, kPatches, "is missing or of another rank",
                "the weights of a timm VisionTransformer are needed, whole");
  return static_cast<int>(found->second.shape[2]);
}

bool is_square(std::int64_t count) {
  const auto side = std::llround(std::sqrt(std::max<std::int64_t>(count, 0)));
  return side >= 1 && side * side == count;
}

// Gives [CLS] a position of zeros where the embedding is of the patches alone (timm's
// no_embed_class).
void add_class_position(PlainWeights& plain) {
  const auto found = plain.tensors.find(kPositions);
  if (!plain.tensors.contains(kRegisters) || found == plain.tensors.end()) return;
  const std::vector<std::int64_t> shape = found->second.shape;
  if (shape.size() != 3 || shape[0] != 1 || shape[2] > kMaxWidth || !is_square(shape[1])) return;
  std::vector<float>& values = plain.values.at(kPositions);
  values.insert(values.begin(), static_cast<std::size_t>(shape[2]), 0.0F);
  found->second = view_of(values, {1, 1 + shape[1], shape[2]});
}

void resize_input(int input_size, PlainWeights& plain) {
  const int patch = patch_side(plain);
  if (input_size % patch != 0)
    throw Error(ErrorKind::kSettings, "input size", std::to_string(input_size) + " is no multiple",
                "use one of " + std::to_string(patch) + ", the side of a patch");
  const auto found = plain.tensors.find(kPositions);
  const bool is_grid = found != plain.tensors.end() && found->second.shape.size() == 3 &&
                       found->second.shape[0] == 1 && found->second.shape[2] >= 1 &&
                       found->second.shape[2] <= kMaxWidth;
  if (!is_grid) throw Error(ErrorKind::kFormat, kPositions, "is missing or of another shape");
  const std::int64_t places = found->second.shape[1] - 1;
  if (!is_square(places))
    throw Error(ErrorKind::kFormat, kPositions, "is not of [CLS] and a square of patches");
  const auto side = static_cast<int>(std::lround(std::sqrt(places)));
  const int to = input_size / patch;
  if (to == side) return;
  const auto width = static_cast<std::size_t>(found->second.shape[2]);
  std::vector<float>& values = plain.values.at(kPositions);
  const std::vector<float> grid(values.begin() + static_cast<std::ptrdiff_t>(width), values.end());
  const auto wanted = resampled_grid(grid, side, to, static_cast<int>(width));
  values.resize(width);
  values.insert(values.end(), wanted.begin(), wanted.end());
  found->second = view_of(values, {1, 1 + std::int64_t{to} * to, found->second.shape[2]});
}

}  // namespace

std::vector<float> resampled_grid(const std::vector<float>& grid, int side, int to, int width) {
  const std::vector<Taps> taps = taps_of(side, to);
  const auto w = static_cast<std::size_t>(width);
  const auto cells = [](int a, int b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
  };
  std::vector<double> rows(cells(to, side) * w);  // [to, side, width]
  for (std::size_t y = 0; y < taps.size(); ++y) {
    for (std::size_t k = 0; k < taps[y].weights.size(); ++k) {
      const float* from =
          grid.data() + (static_cast<std::size_t>(taps[y].first) + k) * cells(side, width);
      double* out = rows.data() + y * cells(side, width);
      for (std::size_t i = 0; i < cells(side, width); ++i) out[i] += taps[y].weights[k] * from[i];
    }
  }
  std::vector<float> out(cells(to, to) * w);
  for (std::size_t y = 0; y < taps.size(); ++y) {
    for (std::size_t x = 0; x < taps.size(); ++x) {
      const double* from =
          rows.data() +
          (y * static_cast<std::size_t>(side) + static_cast<std::size_t>(taps[x].first)) * w;
      for (std::size_t i = 0; i < w; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < taps[x].weights.size(); ++k)
          sum += taps[x].weights[k] * from[k * w + i];
        out[(y * taps.size() + x) * w + i] = static_cast<float>(sum);
      }
    }
  }
  return out;
}

PlainWeights plain_weights(const TensorMap& file, const std::string& where, int input_size) {
  PlainWeights plain;
  std::map<std::string, std::vector<float>> scales;
  for (const auto& [name, tensor] : file) {
    const bool is_idle = name.starts_with("head.") || name.starts_with("pre_logits.") ||
                         name == "mask_token";  // of DINOv2's training
    if (is_idle) continue;
    (is_scale(name) ? scales : plain.values).emplace(name, to_floats(tensor, where + name));
  }
  for (const auto& [name, values] : plain.values)
    plain.tensors.emplace(name, view_of(values, file.at(name).shape));
  for (const auto& [name, gamma] : scales) {
    if (gamma.empty()) throw Error(ErrorKind::kFormat, name, "is empty");
    fold_scale(name, gamma, plain);
  }
  add_class_position(plain);
  if (input_size > 0) resize_input(input_size, plain);
  return plain;
}

}  // namespace novelty
