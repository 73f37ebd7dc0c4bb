// SPDX-License-Identifier: Apache-2.0
// A SceneReference as tensors and facts of a bundle.
#pragma once

#include "base/json.h"
#include "base/safetensors.h"
#include "bundle/fact_reader.h"
#include "scene/reference.h"

namespace novelty {

/// Adds the `scene.*` tensors to `tensors`, as views of `scene`; none when it is empty.
void add_scene_tensors(const SceneReference& scene, TensorMap& tensors);

/// The numbers of `scene`, which is not empty.
nlohmann::json scene_facts(const SceneReference& scene);

/// The inverse of both. facts: all of the bundle; empty where they have no `scene`.
/// Throws: Error(kFormat) when a tensor is of another size or a value out of its range.
SceneReference read_scene(const FactReader& facts, const SafetensorsFile& file);

}  // namespace novelty
