// SPDX-License-Identifier: Apache-2.0
// Parts of a square picture, as views of it are made of.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "novelty/frame.h"

namespace novelty {

/// Pixels of a square picture.
struct PicturePart {
  int x = 0, y = 0, width = 0, height = 0;
};

/// Draws a part of `least` to `most` of the area of a picture of `side` pixels, its aspect
/// e^-log_aspect to e^log_aspect, 16 pixels wide and high at least.
PicturePart draw_part(Rng& rng, int side, double least, double most, double log_aspect);

/// A view over [height, width, 3] R'G'B' of which a row has `stride` bytes; owns nothing.
FrameView rgb_view(const std::uint8_t* data, int width, int height, int stride);

/// `part` of a picture [side, side, 3] R'G'B'; owns nothing.
FrameView part_view(const std::vector<std::uint8_t>& picture, int side, const PicturePart& part);

/// Swaps left and right in place, in the networks' layout of patches of `patch` pixels.
void mirror(int size, int patch, std::vector<float>& patches);

}  // namespace novelty
