// SPDX-License-Identifier: Apache-2.0
// What a fixed camera's picture looks like as a whole: learnt in training, stored in the bundle.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "novelty/scene_guard.h"
#include "scene/scene_picture.h"

namespace novelty {

inline constexpr std::array<SceneChange, 4> kSceneChanges{
    SceneChange::kMoved, SceneChange::kCovered, SceneChange::kRelit, SceneChange::kInfrared};

/// Means over the training pictures. Empty (no vector filled) where nothing was learnt.
struct SceneReference {
  std::vector<float> luma;                 ///< [kScenePoints], [0, 1]
  std::vector<std::complex<float>> edges;  ///< [kScenePoints]
  std::vector<float> contrast;             ///< [kCells], >= 0
  std::vector<float> chroma;               ///< [kCells, 2]
  double similarity = 1;  ///< mean likeness (see SceneJudge) of the training pictures, (0, 1]
  double aspect = 1;      ///< width / height of the frames, so that turns can be told
  /// Which changes can be told, in the order of kSceneChanges: those that the training pictures do
  /// not show themselves.
  std::array<bool, 4> tells{true, true, true, true};

  bool empty() const { return luma.empty(); }
};

/// Learns from clean pictures. Empty when there are none, or when they have too little in common
/// (not one fixed camera). Deterministic.
SceneReference learn_scene(std::span<const ScenePicture> pictures, double aspect);

/// `old` with the looks of one picture.
SceneReference with_looks_of(const ScenePicture& picture, const SceneReference& old);

}  // namespace novelty
