// SPDX-License-Identifier: Apache-2.0
// Draws the views of a photograph.
#include "trainer/compact_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "trainer/picture_part.h"
#include "trainer/variation.h"

namespace novelty {
namespace {

// Pictures are kept at twice the views' size at most: a part of a quarter is then still sharp.
constexpr int kKeptSize = 2;
constexpr double kLeastArea = 0.25;
constexpr double kLogAspect = 0.2;
constexpr double kCoarseShare = 0.25;           // of the parts
constexpr std::array<int, 3> kCoarse{2, 3, 4};  // patches a side of a coarse part

}  // namespace

void CompactViews::set_picture(const FrameView& frame) {
  const int wanted = std::min(kKeptSize * size_, std::max(frame.width, frame.height));
  side_ = std::max((wanted + patch_ - 1) / patch_, 4) * patch_;
  std::vector<float> patches;
  preprocess(frame, side_, patch_, keep_, patches);
  picture_ = picture_of(patches, side_, patch_);
}

void CompactViews::draw(Rng& rng, bool whole, std::vector<float>& patches) {
  const PicturePart where =
      draw_part(rng, side_, whole ? 1 : kLeastArea, 1, whole ? 0 : kLogAspect);
  const FrameView part = part_view(picture_, side_, where);
  if (rng.uniform() < kCoarseShare && !whole) {
    const int coarse = kCoarse.at(rng.below(kCoarse.size())) * patch_;
    preprocess(part, coarse, patch_, coarse_, patches);
    const auto small = picture_of(patches, coarse, patch_);
    preprocess(rgb_view(small.data(), coarse, coarse, coarse * 3), size_, patch_, back_, patches);
  } else {
    preprocess(part, size_, patch_, crop_, patches);
  }
  if (rng.uniform() < 0.5) mirror(size_, patch_, patches);
  vary(draw_variation(rng), size_, patch_, rng, patches);
}

}  // namespace novelty
