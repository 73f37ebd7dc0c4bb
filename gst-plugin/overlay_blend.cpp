// SPDX-License-Identifier: Apache-2.0
// Blends small pictures into a mapped video frame of any format the elements take.
#include "overlay_blend.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace novelty {
namespace {

// The member of Ink that a component of the frame takes; the fourth is its alpha.
using Channel = std::uint8_t Ink::*;
constexpr std::array<Channel, 4> kChannels{&Ink::c0, &Ink::c1, &Ink::c2, &Ink::a};

// under * (255 - alpha) / 255 + over, rounded; exact for all bytes.
std::uint8_t over(unsigned top, unsigned alpha, unsigned under) {
  const unsigned t = under * (255 - alpha) + 128;
  return static_cast<std::uint8_t>(std::min(255U, top + ((t + (t >> 8)) >> 8)));
}

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

template <int Step>
void blend_row(std::uint8_t* under, const Ink* top, int width, Channel channel) {
  for (int i = 0; i < width; ++i, under += Step) *under = over(top[i].*channel, top[i].a, *under);
}

void blend_full(const Component& c, int x, int y, const InkView& ink) {
  for (int row = 0; row < ink.height; ++row) {
    const Ink* top = ink.data + row * ink.stride;
    std::uint8_t* under = c.data + (y + row) * c.stride + static_cast<std::ptrdiff_t>(x) * c.step;
    switch (c.step) {
      case 1:
        blend_row<1>(under, top, ink.width, c.channel);
        break;
      case 2:
        blend_row<2>(under, top, ink.width, c.channel);
        break;
      case 3:
        blend_row<3>(under, top, ink.width, c.channel);
        break;
      default:
        blend_row<4>(under, top, ink.width, c.channel);
        break;
    }
  }
}

// A row of chroma under the ink rows `first` and `second` (the same one where there is but one),
// each sample under two columns; the last one of an odd width has one.
void blend_chroma_row(std::uint8_t* under, int step, const Ink* first, const Ink* second, int width,
                      Channel channel) {
  for (int i = 0; i < width; i += 2, under += step) {
    const int j = std::min(i + 1, width - 1);
    const unsigned alpha = first[i].a + first[j].a + second[i].a + second[j].a;
    if (alpha == 0) continue;
    const unsigned value =
        first[i].*channel + first[j].*channel + second[i].*channel + second[j].*channel;
    *under = over((value + 2) / 4, (alpha + 2) / 4, *under);
  }
}

void blend_chroma(const Component& c, int x, int y, const InkView& ink) {
  const int rows = 1 << c.sub_y;
  for (int row = 0; row < ink.height; row += rows) {
    const Ink* first = ink.data + row * ink.stride;
    const Ink* second = ink.data + std::min(row + rows - 1, ink.height - 1) * ink.stride;
    std::uint8_t* under =
        c.data + ((y + row) >> c.sub_y) * c.stride + static_cast<std::ptrdiff_t>(x / 2) * c.step;
    blend_chroma_row(under, c.step, first, second, ink.width, c.channel);
  }
}

}  // namespace

InkMixer::InkMixer(const GstVideoInfo& info) {
  if (GST_VIDEO_INFO_IS_RGB(&info)) {
    weights_ = {{{kOne, 0, 0, 0}, {0, kOne, 0, 0}, {0, 0, kOne, 0}}};
    return;
  }
  double kr = 0;
  double kb = 0;
  if (!gst_video_color_matrix_get_Kr_Kb(info.colorimetry.matrix, &kr, &kb)) {
    kr = 0.299;
    kb = 0.114;
  }
  const bool full = info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
  const double luma = full ? 1 : 219.0 / 255;
  const double cb = (full ? 1 : 224.0 / 255) / (2 * (1 - kb));
  const double cr = (full ? 1 : 224.0 / 255) / (2 * (1 - kr));
  const double kg = 1 - kr - kb;
  const auto weights = [](double r, double g, double b, double a) {
    const auto fixed = [](double v) { return static_cast<int>(std::lround(v * kOne)); };
    return Weights{fixed(r), fixed(g), fixed(b), fixed(a)};
  };
  weights_ = {weights(luma * kr, luma * kg, luma * kb, full ? 0 : 16.0 / 255),
              weights(-cb * kr, -cb * kg, cb * (1 - kb), 128.0 / 255),
              weights(cr * (1 - kr), -cr * kg, -cr * kb, 128.0 / 255)};
}

Ink InkMixer::mix_unit(double r, double g, double b, double a) const {
  const auto byte = [](double v) {
    return static_cast<unsigned>(std::lround(255 * std::clamp(v, 0.0, 1.0)));
  };
  return mix(byte(r), byte(g), byte(b), byte(a));
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
      blend_chroma(c, x, y, cut);
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
