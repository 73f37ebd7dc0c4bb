// SPDX-License-Identifier: Apache-2.0
// Draws a calibrated anomaly map over a frame, see-through where the picture is normal.
#include "overlay_heat.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace novelty {
namespace {

// Note [Heat colours]
// Four points in OKLCh (B. Ottosson's perceptual space): lightness is a straight line, hue turns
// from violet over red to yellow, chroma stays inside sRGB. Order is carried by lightness alone.
struct HeatPoint {
  double lightness, chroma, hue_degrees;
};
constexpr std::array<HeatPoint, 4> kPoints{{
    {0.32, 0.15, 300},
    {0.52, 0.20, 360},
    {0.72, 0.17, 410},
    {0.92, 0.13, 462},
}};

constexpr int kLargeWidth = 1280;

double gamma_encoded(double linear) {
  const double v = std::clamp(linear, 0.0, 1.0);
  return v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
}

double cubed(double v) {
  return v * v * v;
}

Rgb from_oklch(const HeatPoint& p) {
  const double hue = p.hue_degrees * std::numbers::pi / 180;
  const double a = p.chroma * std::cos(hue);
  const double b = p.chroma * std::sin(hue);
  const double l = cubed(p.lightness + 0.3963377774 * a + 0.2158037573 * b);
  const double m = cubed(p.lightness - 0.1055613458 * a - 0.0638541728 * b);
  const double s = cubed(p.lightness - 0.0894841775 * a - 1.2914855480 * b);
  return {gamma_encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          gamma_encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          gamma_encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

double smooth_step(double from, double to, double v) {
  const double t = std::clamp((v - from) / (to - from), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

// Levels are positions of the colour scale times 256 * 255: 8 bits of fraction below a palette
// entry keep the interpolation smooth.
constexpr int kFraction = 256;

int level_of(float value) {
  return static_cast<int>(std::lround(heat_position(value) * 255 * kFraction));
}

int mixed(int a, int b, int weight) {
  return a + (b - a) * weight / kFraction;
}

// Writes the bytes of each colour's pair, one after the other.
template <std::size_t Bytes, typename Pairs>
void spread(const std::vector<std::uint8_t>& colors, const Pairs& pairs, std::uint8_t* out) {
  for (const std::uint8_t color : colors) {
    std::memcpy(out, pairs[color].data(), Bytes);
    out += Bytes;
  }
}

template <typename Pairs>
void spread_pairs(const std::vector<std::uint8_t>& colors, const Pairs& pairs, int bytes,
                  std::vector<std::uint8_t>& out) {
  out.resize(colors.size() * static_cast<std::size_t>(bytes));
  switch (bytes) {
    case 1:
      return spread<1>(colors, pairs, out.data());
    case 2:
      return spread<2>(colors, pairs, out.data());
    case 4:
      return spread<4>(colors, pairs, out.data());
    case 6:
      return spread<6>(colors, pairs, out.data());
    case 8:
      return spread<8>(colors, pairs, out.data());
    case 12:
      return spread<12>(colors, pairs, out.data());
    default:
      return spread<16>(colors, pairs, out.data());
  }
}

}  // namespace

Rgb heat_color(double t) {
  const double at = std::clamp(t, 0.0, 1.0) * (kPoints.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(at), kPoints.size() - 2);
  const double w = at - static_cast<double>(i);
  const HeatPoint& p = kPoints[i];
  const HeatPoint& q = kPoints[i + 1];
  return from_oklch({std::lerp(p.lightness, q.lightness, w), std::lerp(p.chroma, q.chroma, w),
                     std::lerp(p.hue_degrees, q.hue_degrees, w)});
}

double heat_position(double value) {
  if (!(value > 0)) return 0;
  return std::isinf(value) ? 1 : value / (1 + value);
}

double heat_opacity(double position) {
  return smooth_step(heat_position(0.5), heat_position(1.5), position);
}

HeatPainter::Between HeatPainter::between_cells(int square, int squares, int cells) {
  const double at = (square + 0.5) * cells / squares - 0.5;
  const double low = std::floor(at);
  const int cell = static_cast<int>(low);
  return {std::clamp(cell, 0, cells - 1), std::clamp(cell + 1, 0, cells - 1),
          static_cast<int>((at - low) * kFraction)};
}

void HeatPainter::configure(const GstVideoFormatInfo& format, const InkMixer& mixer,
                            double opacity) {
  palettes_.clear();
  for (int i = 0; i < static_cast<int>(GST_VIDEO_FORMAT_INFO_N_PLANES(&format)); ++i) {
    palettes_.push_back({.layout = plane_layout(format, i)});
  }
  visible_level_ = static_cast<int>(kColors) * kFraction;
  for (std::size_t i = kColors; i-- > 0;) {
    const double t = static_cast<double>(i) / (kColors - 1);
    const double a = opacity * heat_opacity(t);
    const Rgb color = heat_color(t);
    const Ink ink = mixer.mix_unit(color.r * a, color.g * a, color.b * a, a);
    if (ink.a > 0) visible_level_ = static_cast<int>(i) * kFraction;
    for (PlanePalette& palette : palettes_) {
      for (std::size_t b = 0; b < PlaneLayout::kMaxBytes; ++b) {
        const PlaneLayout::Byte& byte = palette.layout.bytes[b];
        if (byte.from == PlaneLayout::From::kNothing) continue;
        const std::size_t again = b + static_cast<std::size_t>(palette.layout.pair_bytes);
        palette.top[i][b] = palette.top[i][again] = ink.*byte.channel;
        palette.alpha[i][b] = palette.alpha[i][again] = ink.a;
      }
    }
  }
}

void HeatPainter::set_columns(int squares, int size) {
  if (static_cast<int>(columns_.size()) == squares && columns_size_ == size) return;
  columns_.resize(static_cast<std::size_t>(squares));
  columns_size_ = size;
  for (int x = 0; x < squares; ++x) {
    columns_[static_cast<std::size_t>(x)] = between_cells(x, squares, size);
  }
}

void HeatPainter::mix_cells(int row, int rows, int size) {
  const Between between = between_cells(row, rows, size);
  const int* first = cells_.data() + static_cast<std::ptrdiff_t>(between.first) * size;
  const int* second = cells_.data() + static_cast<std::ptrdiff_t>(between.second) * size;
  levels_.resize(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    levels_[static_cast<std::size_t>(i)] = mixed(first[i], second[i], between.weight);
  }
}

// The squares of a row that can be visible, from levels_: those between the neighbours of visible
// cells.
HeatPainter::Span HeatPainter::visible_span(int size, int squares) const {
  int first = size;
  int last = -1;
  for (int i = 0; i < size; ++i) {
    if (levels_[static_cast<std::size_t>(i)] < visible_level_) continue;
    first = std::min(first, i);
    last = i;
  }
  if (last < 0) return {};
  const auto center = [&](int cell) { return static_cast<int>((cell + 0.5) * squares / size); };
  return {first == 0 ? 0 : center(first - 1),
          last == size - 1 ? squares : std::min(squares, center(last + 1) + 1)};
}

void HeatPainter::choose_colors(Span span) {
  colors_.resize(static_cast<std::size_t>(span.end - span.begin));
  const Between* cells = columns_.data() + span.begin;
  for (std::uint8_t& color : colors_) {
    const int level = mixed(levels_[static_cast<std::size_t>(cells->first)],
                            levels_[static_cast<std::size_t>(cells->second)], cells->weight);
    color = static_cast<std::uint8_t>(level / kFraction);
    ++cells;
  }
}

void HeatPainter::blend_squares(GstVideoFrame& frame, const PlanePalette& palette, int row,
                                Span span) {
  const PlaneLayout& layout = palette.layout;
  spread_pairs(colors_, palette.top, layout.pair_bytes * pairs_, top_);
  spread_pairs(colors_, palette.alpha, layout.pair_bytes * pairs_, alpha_);
  const int first_pixel = side() * span.begin;
  const int pixels = std::min(side() * span.end, GST_VIDEO_FRAME_WIDTH(&frame)) - first_pixel;
  const int bytes = layout.row_bytes(pixels);
  const int height = GST_VIDEO_FRAME_HEIGHT(&frame);
  const int lines = layout.half_height ? pairs_ : side();
  const int end = std::min((row + 1) * lines, layout.half_height ? (height + 1) / 2 : height);
  for (int y = row * lines; y < end; ++y) {
    std::uint8_t* under = plane_row(frame, static_cast<int>(&palette - palettes_.data()), y) +
                          static_cast<std::ptrdiff_t>(first_pixel / 2) * layout.pair_bytes;
    blend_bytes(under, top_.data(), alpha_.data(), bytes);
  }
}

void HeatPainter::draw(GstVideoFrame& frame, const std::vector<float>& map, int size) {
  const auto cells = static_cast<std::size_t>(std::max(size, 0));
  if (cells == 0 || cells > 4096 || map.size() != cells * cells) return;
  cells_.resize(map.size());
  std::transform(map.begin(), map.end(), cells_.begin(), level_of);
  if (*std::max_element(cells_.begin(), cells_.end()) < visible_level_) return;
  pairs_ = GST_VIDEO_FRAME_WIDTH(&frame) >= kLargeWidth ? 2 : 1;
  const int columns = (GST_VIDEO_FRAME_WIDTH(&frame) + side() - 1) / side();
  const int rows = (GST_VIDEO_FRAME_HEIGHT(&frame) + side() - 1) / side();
  set_columns(columns, size);
  for (int row = 0; row < rows; ++row) {
    mix_cells(row, rows, size);
    const Span span = visible_span(size, columns);
    if (span.begin == span.end) continue;
    choose_colors(span);
    for (const PlanePalette& palette : palettes_) blend_squares(frame, palette, row, span);
  }
}

}  // namespace novelty
