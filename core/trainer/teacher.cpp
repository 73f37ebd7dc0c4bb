// SPDX-License-Identifier: Apache-2.0
// Loads the teacher of a training run.
#include "trainer/teacher.h"

#include <filesystem>
#include <utility>

#include "base/sha256.h"
#include "nn/init.h"

namespace novelty {
namespace {

// Part of the model's identity: another value would be another teacher.
constexpr std::uint64_t kUntrainedSeed = 20241208;

NetworkView network_over(const VitConfig& config, const VitWeights& weights) {
  NetworkView network;
  network.config = config;
  for (const auto& [name, shape] : vit_tensor_shapes(config))
    network.tensors.emplace(name, view_of(weights.at(name), shape));
  return network;
}

TeacherWeights finish(TeacherWeights teacher, const VitConfig& config, VitWeights values) {
  const auto weights = std::make_shared<const VitWeights>(std::move(values));
  teacher.network = network_over(config, *weights);
  teacher.storage = weights;
  return teacher;
}

TeacherWeights untrained_teacher() {
  TeacherWeights teacher;
  teacher.name = "untrained";
  teacher.untrained = true;
  teacher.warnings.emplace_back("untrained teacher: demonstration only");
  return finish(std::move(teacher), VitConfig{},
                init_untrained_teacher(VitConfig{}, kUntrainedSeed));
}

}  // namespace

TeacherWeights load_teacher(const std::string& path) {
  if (path.empty()) return untrained_teacher();
  const SafetensorsFile file = SafetensorsFile::read(path);
  const VitConfig config = infer_vit_config(file.tensors());
  TeacherWeights teacher;
  teacher.name = std::filesystem::path(path).filename().string();
  teacher.sha256 = sha256_hex(file.bytes());
  // Mean = std = 0.5 is that of timm's AugReg weights, and of what was distilled from them; other
  // files do not say their own.
  if (teacher.name.find("augreg") == std::string::npos &&
      !file.metadata().contains("distilled_from"))
    teacher.warnings.push_back(teacher.name +
                               ": unknown input normalisation, mean = std = 0.5 is assumed");
  VitWeights values;
  const std::string where = path + ": ";
  for (const auto& [name, shape] : vit_tensor_shapes(config))
    values.emplace(name, to_floats(file.at(name), where + name));
  return finish(std::move(teacher), config, std::move(values));
}

}  // namespace novelty
