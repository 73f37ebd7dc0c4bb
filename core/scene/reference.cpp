// SPDX-License-Identifier: Apache-2.0
// Learns a scene's reference and what can be told from it.
#include "scene/reference.h"

#include <algorithm>
#include <utility>

#include "scene/judge.h"

namespace novelty {
namespace {

// Under this likeness to their own mean the pictures are not of one fixed camera.
constexpr double kLeastSimilarity = 0.5;
// A change that more of the training pictures show than one in this many is part of normality.
constexpr std::size_t kRare = 50;

template <typename T>
void add(std::vector<T>& sum, const std::vector<T>& values, float share) {
  sum.resize(values.size());
  std::transform(values.begin(), values.end(), sum.begin(), sum.begin(),
                 [share](T value, T so_far) { return so_far + value * share; });
}

SceneReference mean_of(std::span<const ScenePicture> pictures, double aspect) {
  SceneReference mean;
  mean.aspect = aspect;
  const float share = 1 / static_cast<float>(pictures.size());
  for (const ScenePicture& picture : pictures) {
    add(mean.luma, picture.luma, share);
    add(mean.edges, picture.edges, share);
    add(mean.contrast, picture.contrast, share);
    add(mean.chroma, picture.cell_chroma, share);
  }
  return mean;
}

double mean_likeness(const SceneReference& reference, std::span<const ScenePicture> pictures) {
  double sum = 0;
  for (const ScenePicture& picture : pictures) sum += likeness(reference, picture);
  return sum / static_cast<double>(pictures.size());
}

// Gives up the first change that the training pictures show too often; false when there is none.
bool give_up_one(SceneReference& reference, std::span<const ScenePicture> pictures) {
  const SceneJudge judge(reference);
  std::array<std::size_t, kSceneChanges.size()> shown{};
  for (const ScenePicture& picture : pictures) {
    const SceneChange change = judge.judge(picture);
    for (std::size_t i = 0; i < kSceneChanges.size(); ++i)
      if (change == kSceneChanges[i]) ++shown[i];
  }
  const auto most = std::max_element(shown.begin(), shown.end());
  if (*most * kRare <= pictures.size()) return false;
  reference.tells[static_cast<std::size_t>(most - shown.begin())] = false;
  return true;
}

}  // namespace

SceneReference learn_scene(std::span<const ScenePicture> pictures, double aspect) {
  if (pictures.empty()) return {};
  SceneReference reference = mean_of(pictures, aspect);
  reference.similarity = std::min(mean_likeness(reference, pictures), 1.0);
  if (!(reference.similarity >= kLeastSimilarity)) return {};
  while (give_up_one(reference, pictures)) {
  }
  return reference;
}

SceneReference with_looks_of(const ScenePicture& picture, const SceneReference& old) {
  SceneReference reference = mean_of(std::span(&picture, 1), old.aspect);
  reference.similarity = old.similarity;
  reference.tells = old.tells;
  return reference;
}

}  // namespace novelty
