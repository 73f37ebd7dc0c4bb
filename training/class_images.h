// SPDX-License-Identifier: Apache-2.0
// The images of an evaluation of classes as the networks take them.
#pragma once

#include <span>
#include <vector>

#include "image_files.h"
#include "nn/vit_config.h"

namespace novelty {

/// [images, patch_count, patch_values] in [0, 1]. Throws: Error (kRead, kFormat) on an image that
/// does not decode.
std::vector<float> prepared_images(std::span<const ImageFile* const> images,
                                   const VitConfig& config);

}  // namespace novelty
