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

// Two rows of ink, which are one where the plane has the frame's height.
struct InkRows {
  const Ink* first;
  const Ink* second;
  int width;
};

// Writes one channel of a row's pairs to each `stride`-th byte.
void lay_out_channel(const InkRows& rows, From from, std::uint8_t Ink::*channel, std::size_t stride,
                     std::uint8_t* out) {
  const auto put = [&](const auto& value) {
    const int whole = rows.width / 2;
    for (int pair = 0; pair < whole; ++pair) out[pair * stride] = value(2 * pair, 2 * pair + 1);
    if (rows.width % 2 != 0) out[whole * stride] = value(2 * whole, 2 * whole);
  };
  const Ink* first = rows.first;
  const Ink* second = rows.second;
  if (from == From::kLeft) return put([=](int left, int) { return first[left].*channel; });
  if (from == From::kRight) return put([=](int, int right) { return first[right].*channel; });
  put([=](int left, int right) {
    const unsigned sum = first[left].*channel + first[right].*channel + second[left].*channel +
                         second[right].*channel;
    return static_cast<std::uint8_t>((sum + 2) / 4);
  });
}

// Writes a row's pairs to `top` and `alpha`.
void lay_out(const InkRows& rows, const PlaneLayout& layout, std::uint8_t* top,
             std::uint8_t* alpha) {
  const auto stride = static_cast<std::size_t>(layout.pair_bytes);
  for (std::size_t b = 0; b < stride; ++b) {
    const PlaneLayout::Byte& byte = layout.bytes[b];
    if (byte.from == From::kNothing) continue;
    lay_out_channel(rows, byte.from, byte.channel, stride, top + b);
    lay_out_channel(rows, byte.from, &Ink::a, stride, alpha + b);
  }
}

// Exact for all bytes: (t + t / 256) / 256 is t / 255, rounded. In 16 bits, so that the compiler
// makes vectors of it.
[[gnu::always_inline]] inline void blend(std::uint8_t* __restrict under,
                                         const std::uint8_t* __restrict top,
                                         const std::uint8_t* __restrict alpha, int count) {
  for (int i = 0; i < count; ++i) {
    const auto t = static_cast<std::uint16_t>(under[i] * (255 - alpha[i]) + 128);
    const auto rest = static_cast<std::uint16_t>(static_cast<std::uint16_t>(t + (t >> 8)) >> 8);
    const auto sum = static_cast<std::uint16_t>(top[i] + rest);
    under[i] = static_cast<std::uint8_t>(sum > 255 ? 255 : sum);
  }
}

#ifdef __x86_64__
[[gnu::target("avx2")]] void blend_wide(std::uint8_t* under, const std::uint8_t* top,
                                        const std::uint8_t* alpha, int count) {
  blend(under, top, alpha, count);
}
#endif

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

void blend_bytes(std::uint8_t* under, const std::uint8_t* top, const std::uint8_t* alpha,
                 int count) {
#ifdef __x86_64__
  static const bool wide = __builtin_cpu_supports("avx2") != 0;
  if (wide) return blend_wide(under, top, alpha, count);
#endif
  blend(under, top, alpha, count);
}

InkLayer::InkLayer(const GstVideoFormatInfo& format, const InkView& ink)
    : width_(ink.width), height_(ink.height) {
  if (ink.width <= 0 || ink.height <= 0) return;
  for (int plane = 0; plane < static_cast<int>(GST_VIDEO_FORMAT_INFO_N_PLANES(&format)); ++plane) {
    planes_.push_back({.layout = plane_layout(format, plane)});
    Plane& laid = planes_.back();
    const int lines = laid.lines();
    laid.row_bytes = static_cast<std::size_t>((ink.width + 1) / 2) *
                     static_cast<std::size_t>(laid.layout.pair_bytes);
    laid.rows = ink.stride == 0 ? 1 : static_cast<std::size_t>((ink.height + lines - 1) / lines);
    laid.top.resize(laid.rows * laid.row_bytes);
    laid.alpha.resize(laid.rows * laid.row_bytes);
    for (std::size_t row = 0; row < laid.rows; ++row) {
      const int first = static_cast<int>(row) * lines;
      const int second = std::min(first + lines, ink.height) - 1;
      lay_out({ink.data + first * ink.stride, ink.data + second * ink.stride, ink.width},
              laid.layout, laid.top.data() + row * laid.row_bytes,
              laid.alpha.data() + row * laid.row_bytes);
    }
  }
}

void InkLayer::blend(GstVideoFrame& frame, int x, int y) const {
  const int width = std::min(width_, GST_VIDEO_FRAME_WIDTH(&frame) - x);
  const int height = std::min(height_, GST_VIDEO_FRAME_HEIGHT(&frame) - y);
  if (width <= 0 || height <= 0) return;
  for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
    const Plane& laid = planes_[plane];
    const int lines = laid.lines();
    for (int row = 0; row * lines < height; ++row) {
      const std::size_t at =
          std::min(static_cast<std::size_t>(row), laid.rows - 1) * laid.row_bytes;
      std::uint8_t* under = plane_row(frame, static_cast<int>(plane), y / lines + row) +
                            static_cast<std::ptrdiff_t>(x / 2) * laid.layout.pair_bytes;
      blend_bytes(under, laid.top.data() + at, laid.alpha.data() + at,
                  laid.layout.row_bytes(width));
    }
  }
}

void fill_ink(GstVideoFrame& frame, int x, int y, int width, int height, Ink color) {
  const int fitting = std::min(width, GST_VIDEO_FRAME_WIDTH(&frame) - x);
  if (fitting <= 0) return;
  const std::vector<Ink> row(static_cast<std::size_t>(fitting), color);
  InkLayer(*frame.info.finfo, {row.data(), fitting, height, 0}).blend(frame, x, y);
}

}  // namespace novelty
