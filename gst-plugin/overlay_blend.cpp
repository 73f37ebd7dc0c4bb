// SPDX-License-Identifier: Apache-2.0
// Blends small pictures into a mapped video frame of any format the elements take.
#include "overlay_blend.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace novelty {
namespace {

// The member of Ink that a component of the frame takes; the fourth is its alpha.
using Channel = std::uint8_t Ink::*;
constexpr std::array<Channel, 4> kChannels{&Ink::c0, &Ink::c1, &Ink::c2, &Ink::a};

std::uint8_t to_byte(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

// under * (255 - alpha) / 255 + over, rounded; exact for all bytes.
std::uint8_t over(unsigned top, unsigned alpha, unsigned under) {
  const unsigned t = under * (255 - alpha) + 128;
  return static_cast<std::uint8_t>(std::min(255U, top + ((t + (t >> 8)) >> 8)));
}

// Sums of a chroma sample's ink.
struct Mean {
  unsigned value = 0, alpha = 0, count = 0;
};

// One plane's component of a frame.
struct Component {
  std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;
  int step = 1;
  int sub_x = 0, sub_y = 0;
  Channel channel = &Ink::c0;
};

Component component_of(GstVideoFrame& frame, int index) {
  const GstVideoFormatInfo* format = frame.info.finfo;
  Component c;
  c.data = GST_VIDEO_FRAME_COMP_DATA(&frame, index);
  c.stride = GST_VIDEO_FRAME_COMP_STRIDE(&frame, index);
  c.step = GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, index);
  c.sub_x = static_cast<int>(GST_VIDEO_FORMAT_INFO_W_SUB(format, index));
  c.sub_y = static_cast<int>(GST_VIDEO_FORMAT_INFO_H_SUB(format, index));
  c.channel = kChannels[static_cast<std::size_t>(index)];
  return c;
}

void blend_full(const Component& c, int x, int y, const InkView& ink) {
  for (int row = 0; row < ink.height; ++row) {
    const Ink* top = ink.data + row * ink.stride;
    std::uint8_t* under = c.data + (y + row) * c.stride + static_cast<std::ptrdiff_t>(x) * c.step;
    for (int i = 0; i < ink.width; ++i, under += c.step) {
      *under = over(top[i].*c.channel, top[i].a, *under);
    }
  }
}

Mean mean_of(const InkView& ink, Channel channel, int x0, int x1, int y0, int y1) {
  Mean mean;
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) {
      const Ink& pixel = ink.data[y * ink.stride + x];
      mean.value += pixel.*channel;
      mean.alpha += pixel.a;
      ++mean.count;
    }
  }
  return mean;
}

void blend_subsampled(const Component& c, int x, int y, const InkView& ink) {
  const int nx = 1 << c.sub_x;
  const int ny = 1 << c.sub_y;
  for (int row = 0; row < ink.height; row += ny) {
    std::uint8_t* under = c.data + ((y + row) >> c.sub_y) * c.stride +
                          static_cast<std::ptrdiff_t>(x >> c.sub_x) * c.step;
    for (int i = 0; i < ink.width; i += nx, under += c.step) {
      const Mean mean = mean_of(ink, c.channel, i, std::min(i + nx, ink.width), row,
                                std::min(row + ny, ink.height));
      const unsigned half = mean.count / 2;
      *under = over((mean.value + half) / mean.count, (mean.alpha + half) / mean.count, *under);
    }
  }
}

}  // namespace

InkMixer::InkMixer(const GstVideoInfo& info) : rgb_(GST_VIDEO_INFO_IS_RGB(&info)) {
  if (rgb_) return;
  if (!gst_video_color_matrix_get_Kr_Kb(info.colorimetry.matrix, &kr_, &kb_)) {
    kr_ = 0.299;
    kb_ = 0.114;
  }
  if (info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255) {
    luma_offset_ = 0;
    luma_scale_ = chroma_scale_ = 255;
  }
}

Ink InkMixer::mix(double r, double g, double b, double a) const {
  if (rgb_) return {to_byte(255 * r), to_byte(255 * g), to_byte(255 * b), to_byte(255 * a)};
  const double luma = kr_ * r + (1 - kr_ - kb_) * g + kb_ * b;
  const double cb = (b - luma) / (2 * (1 - kb_));
  const double cr = (r - luma) / (2 * (1 - kr_));
  return {to_byte(luma_offset_ * a + luma_scale_ * luma), to_byte(128 * a + chroma_scale_ * cb),
          to_byte(128 * a + chroma_scale_ * cr), to_byte(255 * a)};
}

void blend_ink(GstVideoFrame& frame, int x, int y, const InkView& ink) {
  InkView cut = ink;
  cut.width = std::min(ink.width, GST_VIDEO_FRAME_WIDTH(&frame) - x);
  cut.height = std::min(ink.height, GST_VIDEO_FRAME_HEIGHT(&frame) - y);
  if (cut.width <= 0 || cut.height <= 0) return;
  const int components = static_cast<int>(GST_VIDEO_FRAME_N_COMPONENTS(&frame));
  for (int i = 0; i < components; ++i) {
    const Component c = component_of(frame, i);
    if (c.sub_x == 0 && c.sub_y == 0) {
      blend_full(c, x, y, cut);
    } else {
      blend_subsampled(c, x, y, cut);
    }
  }
}

void fill_ink(GstVideoFrame& frame, int x, int y, int width, int height, Ink color) {
  const int fitting = std::min(width, GST_VIDEO_FRAME_WIDTH(&frame) - x);
  if (fitting <= 0) return;
  const std::vector<Ink> row(static_cast<std::size_t>(fitting), color);
  blend_ink(frame, x, y, {row.data(), fitting, height, 0});
}

}  // namespace novelty
