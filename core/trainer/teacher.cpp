// SPDX-License-Identifier: Apache-2.0
// Loads the teacher of a training run.
#include "trainer/teacher.h"

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "base/sha256.h"
#include "nn/init.h"
#include "nn/teacher_form.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// Part of the model's identity: another value would be another teacher.
constexpr std::uint64_t kUntrainedSeed = 20241208;

constexpr const char* kDistilledFrom = "distilled_from";

/// What the teacher was trained with. A file does not say; its name, as timm gives it, does, or
/// that of what it was distilled from.
void set_normalisation(TeacherWeights& teacher, const std::map<std::string, std::string>& facts) {
  const auto origin = facts.find(kDistilledFrom);
  const std::string& name = origin == facts.end() ? teacher.name : origin->second;
  if (name.find(".dino") != std::string::npos ||
      name.find("dinov2") != std::string::npos) {  // that of ImageNet's pictures
    teacher.network.mean = {0.485F, 0.456F, 0.406F};
    teacher.network.std = {0.229F, 0.224F, 0.225F};
  } else if (origin == facts.end() && name.find("augreg") == std::string::npos) {
    teacher.warnings.push_back(name + ": unknown input normalisation, mean = std = 0.5 is assumed");
  }  // else mean = std = 0.5, that of timm's AugReg weights
}

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

TeacherWeights load_teacher(const std::string& path, int input_size) {
  if (path.empty() && input_size > 0 && input_size != VitConfig{}.input_size)
    throw Error(ErrorKind::kSettings, "input size", "an untrained teacher is of 224 pixels",
                "give --teacher FILE");
  if (path.empty()) return untrained_teacher();
  const SafetensorsFile file = SafetensorsFile::read(path);
  const PlainWeights plain = plain_weights(file.tensors(), path + ": ", input_size);
  const VitConfig config = infer_vit_config(plain.tensors);
  TeacherWeights teacher;
  teacher.name = std::filesystem::path(path).filename().string();
  teacher.sha256 = sha256_hex(file.bytes());
  VitWeights values;
  for (const auto& [name, shape] : vit_tensor_shapes(config))
    values.emplace(name, plain.values.at(name));
  teacher = finish(std::move(teacher), config, std::move(values));
  set_normalisation(teacher, file.metadata());
  return teacher;
}

bool is_distilled(const std::string& path) {
  return !path.empty() && SafetensorsFile::read(path).metadata().contains(kDistilledFrom);
}

void replace_tensors(TeacherWeights& teacher, const TensorMap& tensors, const std::string& prefix) {
  VitWeights values;
  for (const auto& [name, tensor] : teacher.network.tensors) {
    const auto found = tensors.find(prefix + name);
    values.emplace(name, to_floats(found == tensors.end() ? tensor : found->second, name));
  }
  const auto weights = std::make_shared<const VitWeights>(std::move(values));
  teacher.network.tensors = network_over(teacher.network.config, *weights).tensors;
  teacher.storage = weights;
}

}  // namespace novelty
