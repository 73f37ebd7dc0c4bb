// SPDX-License-Identifier: Apache-2.0
// Blends small pictures into a mapped video frame of any format the elements take.
#include "overlay_blend.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace novelty {
namespace {

// The member of Ink that a component of the frame takes; the fourth is its alpha.
constexpr std::array<std::uint8_t Ink::*, 4> kChannels{&Ink::c0, &Ink::c1, &Ink::c2, &Ink::a};

using From = PlaneLayout::From;

// Bytes of one row of a plane to blend, kept between rows for their memory.
struct BlendRow {
  std::vector<std::uint8_t> top, alpha;
};

// The ink that a sample of one row of a plane takes: of the rows `first` and `second`, which are
// one where the plane has the frame's height.
struct InkRows {
  const Ink* first;
  const Ink* second;
  int width;

  int left(int pair) const { return 2 * pair; }
  int right(int pair) const { return std::min(2 * pair + 1, width - 1); }

  std::uint8_t at(int pair, const PlaneLayout::Byte& byte, std::uint8_t Ink::*channel) const {
    if (byte.from == From::kLeft) return first[left(pair)].*channel;
    if (byte.from == From::kRight) return first[right(pair)].*channel;
    const int i = left(pair);
    const int j = right(pair);
    const unsigned sum =
        first[i].*channel + first[j].*channel + second[i].*channel + second[j].*channel;
    return static_cast<std::uint8_t>((sum + 2) / 4);
  }
};

void lay_out(const InkRows& rows, const PlaneLayout& layout, BlendRow& row) {
  const int pairs = (rows.width + 1) / 2;
  const auto stride = static_cast<std::size_t>(layout.pair_bytes);
  row.top.assign(static_cast<std::size_t>(pairs) * stride, 0);
  row.alpha.assign(row.top.size(), 0);
  for (std::size_t b = 0; b < stride; ++b) {
    const PlaneLayout::Byte& byte = layout.bytes[b];
    if (byte.from == From::kNothing) continue;
    for (int pair = 0; pair < pairs; ++pair) {
      const std::size_t at = static_cast<std::size_t>(pair) * stride + b;
      row.top[at] = rows.at(pair, byte, byte.channel);
      row.alpha[at] = rows.at(pair, byte, &Ink::a);
    }
  }
}

// `ink` lies within the frame.
void blend_plane(GstVideoFrame& frame, int plane, int x, int y, const InkView& ink,
                 BlendRow& scratch) {
  const PlaneLayout layout = plane_layout(*frame.info.finfo, plane);
  const int rows = layout.half_height ? 2 : 1;
  for (int row = 0; row < ink.height; row += rows) {
    const Ink* first = ink.data + row * ink.stride;
    const Ink* second = ink.data + std::min(row + rows - 1, ink.height - 1) * ink.stride;
    if (row == 0 || ink.stride != 0) lay_out({first, second, ink.width}, layout, scratch);
    std::uint8_t* under = plane_row(frame, plane, (y + row) / rows) +
                          static_cast<std::ptrdiff_t>(x / 2) * layout.pair_bytes;
    blend_bytes(under, scratch.top.data(), scratch.alpha.data(), layout.row_bytes(ink.width));
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

int PlaneLayout::row_bytes(int width) const {
  const bool shared = std::any_of(bytes.begin(), bytes.end(),
                                  [](const Byte& byte) { return byte.from == From::kBoth; });
  return shared ? (width + 1) / 2 * pair_bytes : width * pair_bytes / 2;
}

PlaneLayout plane_layout(const GstVideoFormatInfo& format, int plane) {
  PlaneLayout layout;
  for (int i = 0; i < static_cast<int>(GST_VIDEO_FORMAT_INFO_N_COMPONENTS(&format)); ++i) {
    if (static_cast<int>(GST_VIDEO_FORMAT_INFO_PLANE(&format, i)) != plane) continue;
    const int step = GST_VIDEO_FORMAT_INFO_PSTRIDE(&format, i);
    const auto offset = static_cast<std::size_t>(GST_VIDEO_FORMAT_INFO_POFFSET(&format, i));
    const bool half_width = GST_VIDEO_FORMAT_INFO_W_SUB(&format, i) != 0;
    const auto channel = kChannels[static_cast<std::size_t>(i)];
    layout.pair_bytes = half_width ? step : 2 * step;
    layout.half_height = GST_VIDEO_FORMAT_INFO_H_SUB(&format, i) != 0;
    layout.bytes.at(offset) = {half_width ? From::kBoth : From::kLeft, channel};
    if (!half_width)
      layout.bytes.at(offset + static_cast<std::size_t>(step)) = {From::kRight, channel};
  }
  return layout;
}

std::uint8_t* plane_row(GstVideoFrame& frame, int plane, int row) {
  return static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane)) +
         static_cast<std::ptrdiff_t>(row) * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
}

// Exact for all bytes: (t + t / 256) / 256 is t / 255, rounded. In 16 bits, so that the compiler
// makes vectors of it.
void blend_bytes(std::uint8_t* __restrict under, const std::uint8_t* __restrict top,
                 const std::uint8_t* __restrict alpha, int count) {
  for (int i = 0; i < count; ++i) {
    const auto t = static_cast<std::uint16_t>(under[i] * (255 - alpha[i]) + 128);
    const auto rest = static_cast<std::uint16_t>(static_cast<std::uint16_t>(t + (t >> 8)) >> 8);
    const auto sum = static_cast<std::uint16_t>(top[i] + rest);
    under[i] = static_cast<std::uint8_t>(sum > 255 ? 255 : sum);
  }
}

void blend_ink(GstVideoFrame& frame, int x, int y, const InkView& ink) {
  InkView cut = ink;
  cut.width = std::min(ink.width, GST_VIDEO_FRAME_WIDTH(&frame) - x);
  cut.height = std::min(ink.height, GST_VIDEO_FRAME_HEIGHT(&frame) - y);
  if (cut.width <= 0 || cut.height <= 0) return;
  BlendRow scratch;
  for (int plane = 0; plane < static_cast<int>(GST_VIDEO_FRAME_N_PLANES(&frame)); ++plane) {
    blend_plane(frame, plane, x, y, cut, scratch);
  }
}

void fill_ink(GstVideoFrame& frame, int x, int y, int width, int height, Ink color) {
  const int fitting = std::min(width, GST_VIDEO_FRAME_WIDTH(&frame) - x);
  if (fitting <= 0) return;
  const std::vector<Ink> row(static_cast<std::size_t>(fitting), color);
  blend_ink(frame, x, y, {row.data(), fitting, height, 0});
}

}  // namespace novelty
