// SPDX-License-Identifier: Apache-2.0
// Polygons of a mask: their text and which points lie in them.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "novelty/error.h"
#include "scoring/mask_shape.h"

namespace novelty {
namespace {

constexpr std::size_t kMostBytes = 65536;

struct Point {
  double x, y;
};
using Polygon = std::vector<Point>;

// Where the edges cross the horizontal line at y, in order, in [0, 1]; always an even number.
std::vector<double> crossings(const Polygon& polygon, double y) {
  std::vector<double> found;
  Point a = polygon.back();
  for (const Point& b : polygon) {
    if ((a.y <= y) != (b.y <= y)) found.push_back(std::lerp(a.x, b.x, (y - a.y) / (b.y - a.y)));
    a = b;
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The same pieces without overlaps, in order.
std::vector<Span> united(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::vector<Span> result;
  for (const Span& span : spans) {
    if (result.empty() || span.begin > result.back().end)
      result.push_back(span);
    else
      result.back().end = std::max(result.back().end, span.end);
  }
  return result;
}

class Polygons final : public MaskShape {
 public:
  explicit Polygons(std::vector<Polygon> polygons) : polygons_(std::move(polygons)) {}

  std::vector<Span> inside_at(double y) const override {
    std::vector<Span> found;
    for (const Polygon& polygon : polygons_) {
      const auto edges = crossings(polygon, y);
      for (std::size_t i = 0; i + 1 < edges.size(); i += 2)
        found.push_back({edges[i], edges[i + 1]});
    }
    return united(std::move(found));
  }

 private:
  std::vector<Polygon> polygons_;
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  std::vector<Polygon> polygons() {
    std::vector<Polygon> found;
    do found.push_back(polygon());
    while (take(';'));
    if (at_ < text_.size()) fail("a number is expected");
    return found;
  }

 private:
  Polygon polygon() {
    Polygon corners;
    for (skip_blanks(); at_ < text_.size() && text_[at_] != ';'; skip_blanks()) {
      const double x = number();
      if (!take(',')) fail("a comma between x and y is expected");
      corners.push_back({x, number()});
    }
    if (corners.size() < 3) fail("the polygon has fewer than three corners");
    return corners;
  }

  double number() {
    skip_blanks();
    double value = 0;
    const auto [end, code] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (code != std::errc()) fail("a number is expected");
    if (!(value >= 0 && value <= 1)) fail("the number is not in 0 to 1");
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  bool take(char sign) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != sign) return false;
    ++at_;
    return true;
  }

  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::kSettings, name_, "character " + std::to_string(at_ + 1) + ": " + what,
                "write polygons as \"x,y x,y x,y; ...\" in shares of the frame, or the path of a "
                ".png");
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<MaskShape> parse_polygons(std::string_view text, const std::string& name) {
  if (text.size() > kMostBytes)
    throw Error(ErrorKind::kSettings, name, std::to_string(text.size()) + " bytes of polygons",
                "use fewer corners (at most 65536 bytes), or a .png");
  return std::make_unique<Polygons>(Parser(text, name).polygons());
}

}  // namespace novelty
