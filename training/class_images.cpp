// SPDX-License-Identifier: Apache-2.0
// The images of an evaluation of classes as the networks take them.
#include "class_images.h"

#include "image/preprocess.h"
#include "picture.h"

namespace novelty {

std::vector<float> prepared_images(std::span<const ImageFile* const> images,
                                   const VitConfig& config) {
  PreprocessScratch scratch;
  std::vector<float> all, one;
  for (const ImageFile* image : images) {
    const Picture picture = read_picture(*image);
    preprocess(picture.view(), config.input_size, config.patch_size, scratch, one);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

}  // namespace novelty
