// SPDX-License-Identifier: Apache-2.0
// Draws parts of a picture, and mirrors pictures.
#include "trainer/picture_part.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace novelty {
namespace {

constexpr int kLeastSide = 16;

}  // namespace

PicturePart draw_part(Rng& rng, int side, double least, double most, double log_aspect) {
  // A draw that changes nothing is not made: a whole picture takes none from `rng`.
  const double area = least < most ? least + (most - least) * rng.uniform() : least;
  const double aspect = log_aspect > 0 ? std::exp((2 * rng.uniform() - 1) * log_aspect) : 1;
  const auto length = [&](double share) {
    return std::clamp(static_cast<int>(std::lround(share * side)), std::min(kLeastSide, side),
                      side);
  };
  PicturePart part;
  part.width = length(std::sqrt(area * aspect));
  part.height = length(std::sqrt(area / aspect));
  part.x = static_cast<int>(rng.below(static_cast<std::uint64_t>(side - part.width) + 1));
  part.y = static_cast<int>(rng.below(static_cast<std::uint64_t>(side - part.height) + 1));
  return part;
}

FrameView rgb_view(const std::uint8_t* data, int width, int height, int stride) {
  FrameView view;
  view.format = PixelFormat::kRgb;
  view.width = width;
  view.height = height;
  view.planes[0] = {data, stride};
  return view;
}

FrameView part_view(const std::vector<std::uint8_t>& picture, int side, const PicturePart& part) {
  const auto first = (static_cast<std::ptrdiff_t>(part.y) * side + part.x) * 3;
  return rgb_view(picture.data() + first, part.width, part.height, side * 3);
}

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

}  // namespace novelty
