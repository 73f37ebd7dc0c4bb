// SPDX-License-Identifier: Apache-2.0
// From resampled 8-bit levels (as floats, 0 to 255) to R'G'B' in [0,1].
#pragma once

#include "novelty/frame.h"

namespace novelty {

/// The affine map from the levels of a frame's format to R'G'B'.
struct ColorConversion {
  bool is_rgb = true;    ///< levels are R'G'B' full range; nothing else is read then
  bool is_gray = false;  ///< one channel, the same for R', G' and B'
  float luma_offset = 0, luma_scale = 255, chroma_scale = 255;
  float red_from_cr = 0, green_from_cb = 0, green_from_cr = 0, blue_from_cb = 0;
};

ColorConversion color_conversion_of(const FrameView& frame);

/// Converts a row in place. channels: three rows of `n` levels in, R', G', B' in [0,1] out.
void convert_row(const ColorConversion& conversion, float* const channels[3], int n);

}  // namespace novelty
