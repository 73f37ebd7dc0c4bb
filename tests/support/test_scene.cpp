// SPDX-License-Identifier: Apache-2.0
// Prepares frames and learns from the drawn room.
#include "test_scene.h"

#include "image/preprocess.h"

namespace novelty::testing {

std::vector<float> patches_of(const RgbFrame& frame, int input_size) {
  PreprocessScratch scratch;
  std::vector<float> patches;
  preprocess(frame.view(), input_size, kScenePatch, scratch, patches);
  return patches;
}

ScenePicture picture_of(const RgbFrame& frame, int input_size) {
  ScenePicture picture;
  describe(patches_of(frame, input_size), input_size, kScenePatch, picture);
  return picture;
}

SceneReference drawn_reference(int input_size) {
  std::vector<ScenePicture> pictures;
  for (std::uint64_t moment = 0; moment < 10; ++moment)
    pictures.push_back(picture_of(drawn_room(moment), input_size));
  return learn_scene(pictures, 16.0 / 9);
}

}  // namespace novelty::testing
