// SPDX-License-Identifier: Apache-2.0
// Which tensors and facts make up a stored Calibration, and what must hold for them.
#include "bundle/calibration_facts.h"

#include <algorithm>
#include <array>
#include <string>

namespace novelty {
namespace {

const std::string kPrefix = "calibration.";
constexpr double kNumberLimit = 1e9;  // far above any score; keeps sums finite
constexpr std::size_t kScoreCountLimit = 10'000'000;

struct PatchTensor {
  const char* name;
  std::vector<float> Calibration::*values;
  bool optional;
};
constexpr std::array<PatchTensor, 4> kPatchTensors{
    {{"location_mean", &Calibration::location_mean, true},
     {"location_scale", &Calibration::location_scale, true},
     {"map_zero", &Calibration::map_zero, false},
     {"map_one", &Calibration::map_one, false}}};

[[noreturn]] void refuse(const SafetensorsFile& file, const std::string& tensor,
                         const std::string& what) {
  throw Error(ErrorKind::kFormat, file.where(), "tensor \"" + kPrefix + tensor + "\" " + what);
}

/// The values of a tensor of one dimension.
std::vector<float> vector_of(const SafetensorsFile& file, const std::string& name) {
  const TensorView& tensor = file.at(kPrefix + name);
  if (tensor.dtype != DType::kF32 || tensor.shape.size() != 1) {
    refuse(file, name, "is not a list of float32 numbers");
  }
  return to_floats(tensor, file.where() + ": " + kPrefix + name);
}

void check_orders(const Calibration& c, const SafetensorsFile& file) {
  if (c.location_mean.size() != c.location_scale.size()) {
    refuse(file, "location_scale", "and location_mean belong together");
  }
  const auto positive = [](float scale) { return scale > 0; };
  if (!std::all_of(c.location_scale.begin(), c.location_scale.end(), positive)) {
    refuse(file, "location_scale", "holds a scale that is not over 0");
  }
  if (!std::equal(c.map_zero.begin(), c.map_zero.end(), c.map_one.begin(), std::less<>())) {
    refuse(file, "map_one", "is not over map_zero everywhere");
  }
  if (c.scores.empty() || c.scores.size() > kScoreCountLimit) {
    refuse(file, "scores", "holds no scores, or too many");
  }
  if (!std::is_sorted(c.scores.begin(), c.scores.end())) {
    refuse(file, "scores", "is not in ascending order");
  }
}

}  // namespace

void add_calibration_tensors(const Calibration& calibration, TensorMap& tensors) {
  const auto add = [&](const std::string& name, const std::vector<float>& values) {
    if (values.empty()) return;
    tensors[kPrefix + name] = view_of(values, {static_cast<std::int64_t>(values.size())});
  };
  for (const PatchTensor& tensor : kPatchTensors) add(tensor.name, calibration.*tensor.values);
  add("scores", calibration.scores);
}

nlohmann::json calibration_facts(const Calibration& calibration) {
  return {{"tail_scale", calibration.tail_scale},
          {"threshold", calibration.threshold},
          {"exit_threshold", calibration.exit_threshold}};
}

Calibration read_calibration(const FactReader& facts, const SafetensorsFile& file,
                             std::size_t patches) {
  Calibration calibration;
  for (const auto& [name, values, optional] : kPatchTensors) {
    if (optional && !file.tensors().contains(kPrefix + name)) continue;
    calibration.*values = vector_of(file, name);
    if ((calibration.*values).size() != patches) refuse(file, name, "is not one number a patch");
  }
  calibration.scores = vector_of(file, "scores");
  check_orders(calibration, file);
  calibration.tail_scale =
      facts.number("tail_scale", std::numeric_limits<double>::min(), kNumberLimit);
  calibration.threshold = facts.number("threshold", -kNumberLimit, kNumberLimit);
  calibration.exit_threshold = facts.number("exit_threshold", -kNumberLimit, calibration.threshold);
  return calibration;
}

}  // namespace novelty
