// SPDX-License-Identifier: Apache-2.0
// From resampled 8-bit levels (as floats, 0 to 255) to R'G'B' in [0,1].
#include "image/color.h"

#include <algorithm>

namespace novelty {
namespace {

// ITU-R BT.601 and BT.709: weights of R' and B' in Y'.
struct LumaWeights {
  double red, blue;
};

LumaWeights luma_weights(ColorMatrix matrix) {
  return matrix == ColorMatrix::kBt709 ? LumaWeights{0.2126, 0.0722} : LumaWeights{0.299, 0.114};
}

float clamp01(float value) {
  return std::min(std::max(value, 0.0F), 1.0F);
}

void convert_rgb(float* __restrict levels, int n) {
  for (int i = 0; i < n; ++i) levels[i] = clamp01(levels[i] / 255.0F);
}

void convert_gray(const ColorConversion& c, float* const channels[3], int n) {
  float* y = channels[0];
  for (int i = 0; i < n; ++i) y[i] = clamp01((y[i] - c.luma_offset) / c.luma_scale);
  std::copy_n(y, n, channels[1]);
  std::copy_n(y, n, channels[2]);
}

void convert_ycbcr(const ColorConversion& c, float* __restrict first, float* __restrict second,
                   float* __restrict third, int n) {
  for (int i = 0; i < n; ++i) {
    const float y = (first[i] - c.luma_offset) / c.luma_scale;
    const float cb = (second[i] - 128.0F) / c.chroma_scale;
    const float cr = (third[i] - 128.0F) / c.chroma_scale;
    first[i] = clamp01(y + c.red_from_cr * cr);
    second[i] = clamp01(y + c.green_from_cb * cb + c.green_from_cr * cr);
    third[i] = clamp01(y + c.blue_from_cb * cb);
  }
}

bool is_ycbcr(PixelFormat format) {
  return format == PixelFormat::kNv12 || format == PixelFormat::kI420 ||
         format == PixelFormat::kYuy2;
}

}  // namespace

ColorConversion color_conversion_of(const FrameView& frame) {
  ColorConversion c;
  c.is_gray = frame.format == PixelFormat::kGray8;
  c.is_rgb = !c.is_gray && !is_ycbcr(frame.format);
  if (c.is_rgb) return c;
  if (frame.range == ColorRange::kLimited) {
    c.luma_offset = 16;
    c.luma_scale = 219;
    c.chroma_scale = 224;
  }
  const auto [red, blue] = luma_weights(frame.matrix);
  const double green = 1.0 - red - blue;
  c.red_from_cr = static_cast<float>(2.0 * (1.0 - red));
  c.blue_from_cb = static_cast<float>(2.0 * (1.0 - blue));
  c.green_from_cb = static_cast<float>(-2.0 * (1.0 - blue) * blue / green);
  c.green_from_cr = static_cast<float>(-2.0 * (1.0 - red) * red / green);
  return c;
}

void convert_row(const ColorConversion& conversion, float* const channels[3], int n) {
  if (conversion.is_rgb) {
    for (int c = 0; c < 3; ++c) convert_rgb(channels[c], n);
  } else if (conversion.is_gray) {
    convert_gray(conversion, channels, n);
  } else {
    convert_ycbcr(conversion, channels[0], channels[1], channels[2], n);
  }
}

}  // namespace novelty
