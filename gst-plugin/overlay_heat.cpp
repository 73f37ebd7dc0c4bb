// SPDX-License-Identifier: Apache-2.0
// Draws a calibrated anomaly map over a frame, see-through where the picture is normal.
#include "overlay_heat.h"

#include <algorithm>
#include <cmath>
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

HeatPainter::Between HeatPainter::between_cells(int pixel, int pixels, int cells) {
  const double at = (pixel + 0.5) * cells / pixels - 0.5;
  const double low = std::floor(at);
  const int cell = static_cast<int>(low);
  return {std::clamp(cell, 0, cells - 1), std::clamp(cell + 1, 0, cells - 1),
          static_cast<int>((at - low) * kFraction)};
}

void HeatPainter::configure(const InkMixer& mixer, double opacity) {
  visible_level_ = 256 * kFraction;
  for (int i = 255; i >= 0; --i) {
    const double t = i / 255.0;
    const double a = opacity * heat_opacity(t);
    const Rgb color = heat_color(t);
    Ink& ink = palette_[static_cast<std::size_t>(i)];
    ink = mixer.mix_unit(color.r * a, color.g * a, color.b * a, a);
    if (ink.a > 0) visible_level_ = i * kFraction;
  }
}

void HeatPainter::set_columns(int width, int size) {
  if (static_cast<int>(columns_.size()) == width && columns_size_ == size) return;
  columns_.resize(static_cast<std::size_t>(width));
  columns_size_ = size;
  for (int x = 0; x < width; ++x) {
    columns_[static_cast<std::size_t>(x)] = between_cells(x, width, size);
  }
}

void HeatPainter::mix_rows(int y, int height, int size, int* levels) const {
  const Between rows = between_cells(y, height, size);
  const int* first = cells_.data() + static_cast<std::ptrdiff_t>(rows.first) * size;
  const int* second = cells_.data() + static_cast<std::ptrdiff_t>(rows.second) * size;
  for (int i = 0; i < size; ++i) levels[i] = mixed(first[i], second[i], rows.weight);
}

// The pixel columns that can be visible, from levels_: those between the neighbours of visible
// cells. Begins at an even column.
HeatPainter::Span HeatPainter::visible_span(int size, int width) const {
  int first = size;
  int last = -1;
  for (int i = 0; i < 2 * size; ++i) {
    if (levels_[static_cast<std::size_t>(i)] < visible_level_) continue;
    first = std::min(first, i % size);
    last = std::max(last, i % size);
  }
  if (last < 0) return {};
  const auto center = [&](int cell) { return static_cast<int>((cell + 0.5) * width / size); };
  const int begin = first == 0 ? 0 : center(first - 1) & ~1;
  return {begin, last == size - 1 ? width : std::min(width, center(last + 1) + 1)};
}

void HeatPainter::fill_row(const int* levels, Span span, Ink* row) const {
  for (int x = span.begin; x < span.end; ++x) {
    const Between& cells = columns_[static_cast<std::size_t>(x)];
    const int level = mixed(levels[cells.first], levels[cells.second], cells.weight);
    *row++ = palette_[static_cast<std::size_t>(level / kFraction)];
  }
}

void HeatPainter::draw(GstVideoFrame& frame, const std::vector<float>& map, int size) {
  const auto side = static_cast<std::size_t>(std::max(size, 0));
  if (side == 0 || side > 4096 || map.size() != side * side) return;
  cells_.resize(map.size());
  std::transform(map.begin(), map.end(), cells_.begin(), level_of);
  if (*std::max_element(cells_.begin(), cells_.end()) < visible_level_) return;
  const int width = GST_VIDEO_FRAME_WIDTH(&frame);
  const int height = GST_VIDEO_FRAME_HEIGHT(&frame);
  set_columns(width, size);
  levels_.resize(2 * side);
  ink_.resize(2 * columns_.size());
  for (int y = 0; y < height; y += 2) {
    const int rows = std::min(2, height - y);
    mix_rows(y, height, size, levels_.data());
    mix_rows(std::min(y + 1, height - 1), height, size, levels_.data() + size);
    const Span span = visible_span(size, width);
    if (span.begin == span.end) continue;
    fill_row(levels_.data(), span, ink_.data());
    fill_row(levels_.data() + size, span, ink_.data() + width);
    blend_ink(frame, span.begin, y, {ink_.data(), span.end - span.begin, rows, width});
  }
}

}  // namespace novelty
