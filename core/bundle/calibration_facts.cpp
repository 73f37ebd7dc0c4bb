// SPDX-License-Identifier: Apache-2.0
// Which tensors and facts make up a stored Calibration, and what must hold for them.
#include "bundle/calibration_facts.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace novelty {
namespace {

const std::string kPrefix = "calibration.";
constexpr double kNumberLimit = 1e9;  // far above any score; keeps sums finite
constexpr std::size_t kScoreCountLimit = 10'000'000;

constexpr double kHoursLimit = 1e6;
constexpr double kLeastHours = 1e-7;  // less than a millisecond
constexpr double kMostPerHour = 3600;

struct ScoreTensor {
  const char* name;
  std::vector<float> Calibration::*values;
};
constexpr std::array<ScoreTensor, 3> kScoreTensors{{{"scores", &Calibration::scores},
                                                    {"views", &Calibration::views},
                                                    {"peaks", &Calibration::peaks}}};

[[noreturn]] void refuse(const SafetensorsFile& file, const std::string& tensor,
                         const std::string& what) {
  throw Error(ErrorKind::kFormat, file.where(), "tensor \"" + kPrefix + tensor + "\" " + what);
}

/// The values of a tensor of one dimension: finite, ascending, at least one.
std::vector<float> scores_of(const SafetensorsFile& file, const std::string& name) {
  const TensorView& tensor = file.at(kPrefix + name);
  if (tensor.dtype != DType::kF32 || tensor.shape.size() != 1) {
    refuse(file, name, "is not a list of float32 numbers");
  }
  auto scores = to_floats(tensor, file.where() + ": " + kPrefix + name);
  if (scores.empty() || scores.size() > kScoreCountLimit) {
    refuse(file, name, "holds no scores, or too many");
  }
  if (!std::is_sorted(scores.begin(), scores.end())) {
    refuse(file, name, "is not in ascending order");
  }
  if (scores.front() < -kNumberLimit || scores.back() > kNumberLimit) {
    refuse(file, name, "holds a score that is out of all bounds");
  }
  return scores;
}

}  // namespace

void add_calibration_tensors(const Calibration& calibration, TensorMap& tensors) {
  for (const auto& [name, values] : kScoreTensors) {
    const std::vector<float>& scores = calibration.*values;
    if (scores.empty()) continue;  // found missing when the result is read back
    tensors[kPrefix + name] = view_of(scores, {static_cast<std::int64_t>(scores.size())});
  }
}

nlohmann::json calibration_facts(const Calibration& calibration) {
  return {
      {"peak_start", calibration.peak_start},   {"hours", calibration.hours},
      {"independent", calibration.independent}, {"map_zero", calibration.map_zero},
      {"map_one", calibration.map_one},         {"target_per_hour", calibration.target_per_hour},
      {"threshold", calibration.threshold},     {"exit_threshold", calibration.exit_threshold}};
}

Calibration read_calibration(const FactReader& facts, const SafetensorsFile& file) {
  const auto score = [&](const char* key) {
    return facts.number(key, -kNumberLimit, kNumberLimit);
  };
  Calibration calibration;
  for (const auto& [name, values] : kScoreTensors) calibration.*values = scores_of(file, name);
  calibration.peak_start = score("peak_start");
  if (!(calibration.peaks.front() > calibration.peak_start)) {
    refuse(file, "peaks", "holds a level that is not over peak_start");
  }
  calibration.hours = facts.number("hours", kLeastHours, kHoursLimit);
  calibration.independent = facts.number("independent", 1, kNumberLimit);
  calibration.map_zero = score("map_zero");
  calibration.map_one = score("map_one");
  if (!(calibration.map_zero < calibration.map_one))
    facts.refuse("map_one", "is not over map_zero");
  calibration.target_per_hour =
      facts.number("target_per_hour", std::numeric_limits<double>::min(), kMostPerHour);
  calibration.threshold = score("threshold");
  calibration.exit_threshold = facts.number("exit_threshold", -kNumberLimit, calibration.threshold);
  return calibration;
}

}  // namespace novelty
