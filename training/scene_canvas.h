// SPDX-License-Identifier: Apache-2.0
// What a scene is drawn with: shapes with smooth edges, to a sixteenth of a pixel. Positions are in
// a picture of 640x360 whatever the real size.
#pragma once

#include <cstdint>
#include <vector>

#include "picture.h"

namespace novelty {

struct Point {
  double x = 0, y = 0;

  Point operator+(Point other) const { return {x + other.x, y + other.y}; }
  Point operator-(Point other) const { return {x - other.x, y - other.y}; }
  Point operator*(double factor) const { return {x * factor, y * factor}; }
};

/// Levels of 0 to 255.
struct Colour {
  double blue = 0, green = 0, red = 0;
};

/// A colour as web pages write it.
inline Colour colour(unsigned rgb) {
  return {double(rgb & 255U), double((rgb >> 8U) & 255U), double((rgb >> 16U) & 255U)};
}

inline Colour mixed(const Colour& a, const Colour& b, double share) {
  return {a.blue + (b.blue - a.blue) * share, a.green + (b.green - a.green) * share,
          a.red + (b.red - a.red) * share};
}

/// Draws on a picture, which must outlive it.
class Canvas {
 public:
  explicit Canvas(Picture& picture);

  void polygon(const std::vector<Point>& corners, const Colour& fill);
  void rect(double x, double y, double width, double height, const Colour& fill);
  /// A box with a lighter top edge and a darker lower one.
  void bevelled(double x, double y, double width, double height, const Colour& fill);
  /// All of the width from `top` to `bottom`.
  void gradient(double top, double bottom, const Colour& from, const Colour& to);
  void disc(Point centre, double radius, const Colour& fill);
  void ellipse(Point centre, double radius_x, double radius_y, const Colour& fill);
  /// A bar of `from_width` at `from` to `to_width` at `to`, with round ends.
  void limb(Point from, Point to, double from_width, double to_width, const Colour& fill);
  /// Darkens by `depth` (0 to 1) in the middle of an ellipse, fading to its edge.
  void shadow(Point centre, double radius_x, double radius_y, double depth);

  /// Adds noise of `sigma` levels, one for all colours, blurred so that it looks like uneven paint.
  void add_grain(double sigma, std::uint64_t seed);
  /// Brightness times `gain`, then noise of `sigma` levels, as a sensor adds.
  void expose(double gain, double sigma, std::uint64_t seed);

 private:
  Picture& picture_;
  double scale_x_, scale_y_;
};

}  // namespace novelty
