// SPDX-License-Identifier: Apache-2.0
// The views of a picture that contrastive fine-tuning tells from those of other pictures.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "image/preprocess.h"

namespace novelty {

/// How a view's colours are changed, in this order; all are linear, so one matrix does it.
struct ColourChange {
  double brightness = 1;  ///< factor
  double contrast = 1;    ///< factor of the distance to the mean of all values
  double saturation = 1;  ///< factor of the distance to the pixel's grey
  double hue = 0;         ///< radians, turned in the plane of chroma (YIQ)
  bool grey = false;
};

/// Applies `change` to patches [places, 3, patch * patch] in [0,1], in place, and clamps them.
void change_colours(const ColourChange& change, int patch, std::vector<float>& patches);

/// Views of one picture after the other, each a pure function of the picture and the generator's
/// state. Not thread-safe.
class ContrastViews {
 public:
  /// Pictures and views are `size` pixels a side, in patches of `patch`.
  ContrastViews(int size, int patch) : size_(size), patch_(patch) {}

  /// patches: [(size/patch)^2, 3 * patch * patch] in [0,1].
  void set_picture(const std::vector<float>& patches);

  /// A part of a quarter to all of the picture, half of them mirrored, four in five in other
  /// colours, one in five grey. In the same layout.
  void draw(Rng& rng, std::vector<float>& patches);

 private:
  int size_, patch_;
  std::vector<std::uint8_t> picture_;  // [size, size, 3] R'G'B'
  PreprocessScratch scratch_;
};

}  // namespace novelty
