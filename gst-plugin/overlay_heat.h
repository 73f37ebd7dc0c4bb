// SPDX-License-Identifier: Apache-2.0
// Draws a calibrated anomaly map over a frame, see-through where the picture is normal.
#pragma once

#include <gst/video/video.h>

#include <array>
#include <cstdint>
#include <vector>

#include "overlay_blend.h"

namespace novelty {

/// A colour, R'G'B' in [0, 1].
struct Rgb {
  double r = 0, g = 0, b = 0;
};

/// The colour of `t` in [0, 1]: dark violet over red and orange to light yellow. Lightness grows
/// evenly with t, so order reads the same in grey and to colour-blind eyes.
Rgb heat_color(double t);

/// Where a calibrated map value lies on the colour scale, [0, 1): value / (1 + value), so that 1
/// (the extreme tail of normal) is the middle; 0 for what is not a positive number.
double heat_position(double value);

/// How opaque a position of the colour scale is, [0, 1]: 0 up to a map value of 0.5 (normal frames
/// stay clean), full from 1.5 on.
double heat_opacity(double position);

/// Draws maps into frames of one format, in squares of 2 x 2 pixels, or of 4 x 4 from 1280 columns
/// on, where a cell of the map is wider than 30 of them. Not thread-safe.
class HeatPainter {
 public:
  /// opacity: of the strongest novelty, [0, 1].
  void configure(const GstVideoFormatInfo& format, const InkMixer& mixer, double opacity);

  /// map: [size, size] calibrated values over the whole frame, drawn bilinearly between the centres
  /// of its cells. A map of another length than size * size is not drawn.
  void draw(GstVideoFrame& frame, const std::vector<float>& map, int size);

 private:
  static constexpr std::size_t kColors = 256;
  // A pair of pixels twice: a square takes one or both.
  using Pairs = std::array<std::array<std::uint8_t, 2 * PlaneLayout::kMaxBytes>, kColors>;

  // What a plane of the frame takes for two pixels of each colour.
  struct PlanePalette {
    PlaneLayout layout;
    Pairs top{}, alpha{};
  };
  struct Between {
    int first = 0, second = 0, weight = 0;
  };
  struct Span {
    int begin = 0, end = 0;
  };
  static Between between_cells(int square, int squares, int cells);
  void set_columns(int squares, int size);
  void mix_cells(int row, int rows, int size);
  Span visible_span(int size, int squares) const;
  void choose_colors(Span span);
  void blend_squares(GstVideoFrame& frame, const PlanePalette& palette, int row, Span span);
  int side() const { return 2 * pairs_; }  // of a square, pixels

  std::vector<PlanePalette> palettes_;  // [planes]
  int visible_level_ = 0;               // the lowest level that is not transparent
  // Kept between frames for their memory alone, columns_ also for its values.
  std::vector<int> cells_;            // [size, size] levels of the map
  std::vector<int> levels_;           // [size] levels of one row of squares at the cells' centres
  std::vector<Between> columns_;      // [squares a row] the cells each lies between
  std::vector<std::uint8_t> colors_;  // [squares of the span]
  std::vector<std::uint8_t> top_, alpha_;  // bytes of one row of a plane
  int columns_size_ = 0;
  int pairs_ = 1;  // of pixels, along a square of the frame at hand
};

}  // namespace novelty
