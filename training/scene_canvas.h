// SPDX-License-Identifier: Apache-2.0
// What a scene is drawn with: shapes with smooth edges, to a sixteenth of a pixel. Positions are in
// a picture of 640x360 whatever the real size.
#pragma once

#include <cstdint>
#include <optional>
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

/// hue: in turns; saturation and value: 0 to 1.
Colour hsv(double hue, double saturation, double value);

inline Colour mixed(const Colour& a, const Colour& b, double share) {
  return {a.blue + (b.blue - a.blue) * share, a.green + (b.green - a.green) * share,
          a.red + (b.red - a.red) * share};
}

/// Draws on a picture, which must outlive it.
class Canvas {
 public:
  explicit Canvas(Picture& picture);

  /// The same picture with everything drawn moved by `by`.
  Canvas moved(Point by) const;
  /// From now on all is filled with `fill` and shadows are left out: for masks.
  void paint_all(const Colour& fill) { only_ = fill; }
  /// From now on fills keep this share of their distance from `middle`; 1 = as they are.
  void mute(const Colour& middle, double keep);

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
  /// Left becomes right in the whole picture.
  void mirror();
  /// Each colour times its part of `gain`, and this times 1 -+ tilt / 2 at the left and right end.
  void light(const Colour& gain, double tilt);
  /// Brightness times `gain`, then noise of `sigma` levels, as a sensor adds.
  void expose(double gain, double sigma, std::uint64_t seed);

 private:
  Colour filled(const Colour& fill) const;

  Picture& picture_;
  double scale_x_, scale_y_;
  Point origin_;
  std::optional<Colour> only_;
  Colour middle_;
  double keep_ = 1;
};

}  // namespace novelty
