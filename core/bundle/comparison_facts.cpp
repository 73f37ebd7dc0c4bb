// SPDX-License-Identifier: Apache-2.0
// Reads and writes how tokens are compared.
#include "bundle/comparison_facts.h"

#include <array>
#include <string>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr const char* kPrefix = "student.head.";
constexpr int kMostLayers = 64;
constexpr std::size_t kNameLimit = 32;

}  // namespace

nlohmann::json comparison_facts(const TokenComparison& comparison) {
  return {{"layers", comparison.layers},
          {"normalisation", name_of(comparison.norm)},
          {"loss", name_of(comparison.loss)}};
}

TokenComparison read_comparison(const FactReader& facts) {
  TokenComparison comparison;
  comparison.layers = static_cast<int>(facts.integer("layers", 1, kMostLayers));
  const std::string norm = facts.text("normalisation", kNameLimit);
  const std::string loss = facts.text("loss", kNameLimit);
  try {
    comparison.norm = token_norm_of(norm);
    comparison.loss = token_loss_of(loss);
  } catch (const Error& error) {
    facts.refuse("normalisation or loss", error.what());
  }
  return comparison;
}

void add_head_tensors(const NetworkView& student, TensorMap& tensors) {
  for (const auto& [name, tensor] : student.head) tensors.emplace(kPrefix + name, tensor);
}

TensorMap read_head(const SafetensorsFile& file, int teacher_width, int student_width) {
  const std::string first = std::string(kPrefix) + "weight";
  TensorMap head;
  if (!file.tensors().contains(first)) return head;
  const std::array<std::pair<const char*, std::vector<std::int64_t>>, 2> expected{
      {{"weight", {teacher_width, student_width}}, {"bias", {teacher_width}}}};
  for (const auto& [name, shape] : expected) {
    const std::string full = std::string(kPrefix) + name;
    const TensorView& tensor = file.at(full);
    if (tensor.dtype != DType::kF32 || tensor.shape != shape)
      throw Error(ErrorKind::kFormat, file.where(),
                  "tensor \"" + full + "\" is not float32 of the networks' sizes");
    to_floats(tensor, file.where() + ": " + full);  // throws unless finite
    head.emplace(name, tensor);
  }
  return head;
}

}  // namespace novelty
