// SPDX-License-Identifier: Apache-2.0
// Draws the views of a photograph.
#include "trainer/compact_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "trainer/variation.h"

namespace novelty {
namespace {

// Pictures are kept at twice the views' size at most: a part of a quarter is then still sharp.
constexpr int kKeptSize = 2;
constexpr double kLeastArea = 0.25;
constexpr double kLogAspect = 0.2;
constexpr double kCoarseShare = 0.25;           // of the parts
constexpr std::array<int, 3> kCoarse{2, 3, 4};  // patches a side of a coarse part

// Left and right in place, in the patch layout.
void mirror(int size, int patch, std::vector<float>& patches) {
  const int grid = size / patch;
  const auto row_of = [&](int place, int line) {
    return patches.begin() + (static_cast<std::ptrdiff_t>(place) * 3 * patch + line) * patch;
  };
  for (int y = 0; y < grid; ++y) {
    for (int x = 0; x < (grid + 1) / 2; ++x) {
      const int left = y * grid + x, right = y * grid + grid - 1 - x;
      for (int line = 0; line < 3 * patch; ++line) {
        if (left != right)
          std::swap_ranges(row_of(left, line), row_of(left, line) + patch, row_of(right, line));
        std::reverse(row_of(left, line), row_of(left, line) + patch);
        if (left != right) std::reverse(row_of(right, line), row_of(right, line) + patch);
      }
    }
  }
}

FrameView rgb_view(const std::uint8_t* data, int width, int height, int stride) {
  FrameView view;
  view.format = PixelFormat::kRgb;
  view.width = width;
  view.height = height;
  view.planes[0] = {data, stride};
  return view;
}

}  // namespace

void CompactViews::set_picture(const FrameView& frame) {
  const int wanted = std::min(kKeptSize * size_, std::max(frame.width, frame.height));
  side_ = std::max((wanted + patch_ - 1) / patch_, 4) * patch_;
  std::vector<float> patches;
  preprocess(frame, side_, patch_, keep_, patches);
  picture_ = picture_of(patches, side_, patch_);
}

void CompactViews::draw(Rng& rng, bool whole, std::vector<float>& patches) {
  const double area = whole ? 1 : kLeastArea + (1 - kLeastArea) * rng.uniform();
  const double aspect = whole ? 1 : std::exp((2 * rng.uniform() - 1) * kLogAspect);
  const auto side = [&](double share) {
    return std::clamp(static_cast<int>(std::lround(share * side_)), 16, side_);
  };
  const int width = side(std::sqrt(area * aspect)), height = side(std::sqrt(area / aspect));
  const auto x = static_cast<int>(rng.below(static_cast<std::uint64_t>(side_ - width) + 1));
  const auto y = static_cast<int>(rng.below(static_cast<std::uint64_t>(side_ - height) + 1));
  const FrameView part = rgb_view(
      picture_.data() + (static_cast<std::ptrdiff_t>(y) * side_ + x) * 3, width, height, side_ * 3);
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
