// SPDX-License-Identifier: Apache-2.0
// Which tensors and facts make up a stored SceneReference, and what must hold for them.
#include "bundle/scene_facts.h"

#include <algorithm>
#include <span>
#include <string>

namespace novelty {
namespace {

const std::string kPrefix = "scene.";

using Shape = std::vector<std::int64_t>;
const Shape kPointShape{kSceneSide, kSceneSide};
const Shape kEdgeShape{kSceneSide, kSceneSide, 2};
const Shape kCellShape{kCellSide, kCellSide};
const Shape kChromaShape{kCellSide, kCellSide, 2};

std::span<const float> parts_of(const std::vector<std::complex<float>>& values) {
  return {reinterpret_cast<const float*>(values.data()), 2 * values.size()};
}

std::vector<float> read_tensor(const SafetensorsFile& file, const std::string& name,
                               const Shape& shape, float low, float high) {
  const TensorView& tensor = file.at(kPrefix + name);
  const auto refuse = [&](const char* what) {
    throw Error(ErrorKind::kFormat, file.where(), "tensor \"" + kPrefix + name + "\" " + what);
  };
  if (tensor.dtype != DType::kF32 || tensor.shape != shape) refuse("is of another shape or type");
  auto values = to_floats(tensor, file.where() + ": " + kPrefix + name);
  const auto in_range = [&](float value) { return value >= low && value <= high; };
  if (!std::all_of(values.begin(), values.end(), in_range)) refuse("holds a value out of range");
  return values;
}

std::vector<std::complex<float>> read_edges(const SafetensorsFile& file) {
  const auto parts = read_tensor(file, "edges", kEdgeShape, -1, 1);
  std::vector<std::complex<float>> edges(kScenePoints);
  for (std::size_t i = 0; i < kScenePoints; ++i) edges[i] = {parts[2 * i], parts[2 * i + 1]};
  return edges;
}

}  // namespace

void add_scene_tensors(const SceneReference& scene, TensorMap& tensors) {
  if (scene.empty()) return;
  tensors[kPrefix + "luma"] = view_of(scene.luma, kPointShape);
  tensors[kPrefix + "edges"] = view_of(parts_of(scene.edges), kEdgeShape);
  tensors[kPrefix + "contrast"] = view_of(scene.contrast, kCellShape);
  tensors[kPrefix + "chroma"] = view_of(scene.chroma, kChromaShape);
}

nlohmann::json scene_facts(const SceneReference& scene) {
  nlohmann::json tells = nlohmann::json::object();
  for (std::size_t i = 0; i < kSceneChanges.size(); ++i)
    tells[scene_change_name(kSceneChanges[i])] = scene.tells[i];
  return {{"similarity", scene.similarity}, {"aspect", scene.aspect}, {"tells", std::move(tells)}};
}

SceneReference read_scene(const FactReader& facts, const SafetensorsFile& file) {
  SceneReference scene;
  if (!facts.json().contains("scene")) return scene;
  const FactReader own = facts.object("scene");
  scene.similarity = own.number("similarity", 0.1, 1);
  scene.aspect = own.number("aspect", 1.0 / 32768, 32768);
  const FactReader tells = own.object("tells");
  for (std::size_t i = 0; i < kSceneChanges.size(); ++i)
    scene.tells[i] = tells.flag(scene_change_name(kSceneChanges[i]));
  scene.luma = read_tensor(file, "luma", kPointShape, 0, 1.001F);
  scene.edges = read_edges(file);
  scene.contrast = read_tensor(file, "contrast", kCellShape, 0, 1);
  scene.chroma = read_tensor(file, "chroma", kChromaShape, -1, 1);
  return scene;
}

}  // namespace novelty
