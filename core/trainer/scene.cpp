// SPDX-License-Identifier: Apache-2.0
// Training: what the scene looks like as a whole.
#include "scene/reference.h"

#include <algorithm>

#include "trainer/run.h"

namespace novelty {
namespace {

constexpr std::size_t kMostPictures = 200;

double aspect_of_first(FrameSource& source) {
  FrameView frame;
  source.rewind(0);
  return source.next(frame) ? static_cast<double>(frame.width) / frame.height : 1;
}

}  // namespace

SceneReference learn_scene(const TrainingRun& run, FeatureCache& cache) {
  const VitConfig& config = run.config();
  if (!describable(config.input_size)) return {};
  const std::size_t pictures = run.split.training.size();
  const std::size_t count = std::min(pictures, kMostPictures);
  std::vector<ScenePicture> described(count);
  std::vector<float> patches(run.picture_values());
  for (std::size_t i = 0; i < count; ++i) {
    cache.load(i * pictures / count * (1 + run.recipe.variants), {.patches = patches});
    describe(patches, config.input_size, config.patch_size, described[i]);
  }
  return learn_scene(described, aspect_of_first(run.source));
}

}  // namespace novelty
