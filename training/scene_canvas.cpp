// SPDX-License-Identifier: Apache-2.0
// What a scene is drawn with, by OpenCV.
#include "scene_canvas.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace novelty {
namespace {

constexpr int kFractionBits = 4;
constexpr double kFraction = 1 << kFractionBits;

cv::Mat mat_of(Picture& picture) {
  return {picture.height, picture.width, CV_8UC3, picture.bgr.data()};
}

cv::Scalar scalar(const Colour& c) {
  return {c.blue, c.green, c.red};
}

// In OpenCV's fixed point; its pixel centres lie at whole numbers.
cv::Point fixed(double x, double y) {
  return {static_cast<int>(std::lround((x - 0.5) * kFraction)),
          static_cast<int>(std::lround((y - 0.5) * kFraction))};
}

}  // namespace

Colour hsv(double hue, double saturation, double value) {
  const auto part = [&](double turn) {
    const double at = std::abs(std::fmod(hue + turn + 1, 1.0) * 6 - 3) - 1;
    return 255 * value * (1 - saturation * (1 - std::clamp(at, 0.0, 1.0)));
  };
  return {part(1.0 / 3), part(2.0 / 3), part(0)};
}

Canvas::Canvas(Picture& picture)
    : picture_(picture), scale_x_(picture.width / 640.0), scale_y_(picture.height / 360.0) {}

Canvas Canvas::moved(Point by) const {
  Canvas other = *this;
  other.origin_ = origin_ + by;
  return other;
}

void Canvas::mute(const Colour& middle, double keep) {
  middle_ = middle;
  keep_ = keep;
}

Colour Canvas::filled(const Colour& fill) const {
  return only_ ? *only_ : mixed(middle_, fill, keep_);
}

void Canvas::polygon(const std::vector<Point>& corners, const Colour& fill) {
  std::vector<cv::Point> points;
  points.reserve(corners.size());
  for (const Point& corner : corners) {
    const Point at = corner + origin_;
    points.push_back(fixed(at.x * scale_x_, at.y * scale_y_));
  }
  cv::fillPoly(mat_of(picture_), std::vector<std::vector<cv::Point>>{points}, scalar(filled(fill)),
               cv::LINE_AA, kFractionBits);
}

void Canvas::rect(double x, double y, double width, double height, const Colour& fill) {
  polygon({{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}}, fill);
}

void Canvas::bevelled(double x, double y, double width, double height, const Colour& fill) {
  rect(x, y, width, height, fill);
  rect(x, y, width, 2, mixed(fill, colour(0xffffff), 0.35));
  rect(x, y + height - 2, width, 2, mixed(fill, colour(0x000000), 0.35));
}

void Canvas::gradient(double top, double bottom, const Colour& from, const Colour& to) {
  const auto steps = static_cast<int>(bottom - top);
  for (int i = 0; i < steps; ++i) rect(0, top + i, 640, 1.5, mixed(from, to, i / double(steps)));
}

void Canvas::disc(Point centre, double radius, const Colour& fill) {
  ellipse(centre, radius, radius, fill);
}

void Canvas::ellipse(Point centre, double radius_x, double radius_y, const Colour& fill) {
  const cv::Size axes(static_cast<int>(std::lround(radius_x * scale_x_ * kFraction)),
                      static_cast<int>(std::lround(radius_y * scale_y_ * kFraction)));
  const Point at = centre + origin_;
  cv::ellipse(mat_of(picture_), fixed(at.x * scale_x_, at.y * scale_y_), axes, 0, 0, 360,
              scalar(filled(fill)), cv::FILLED, cv::LINE_AA, kFractionBits);
}

void Canvas::limb(Point from, Point to, double from_width, double to_width, const Colour& fill) {
  const Point along = to - from;
  const double length = std::max(1e-9, std::hypot(along.x, along.y));
  const Point across{-along.y / length / 2, along.x / length / 2};
  polygon({from + across * from_width, to + across * to_width, to - across * to_width,
           from - across * from_width},
          fill);
  disc(from, from_width / 2, fill);
  disc(to, to_width / 2, fill);
}

void Canvas::shadow(Point centre, double radius_x, double radius_y, double depth) {
  if (only_) return;
  cv::Mat mat = mat_of(picture_);
  const cv::Point2d middle((centre.x + origin_.x) * scale_x_, (centre.y + origin_.y) * scale_y_);
  const cv::Point2d radius(radius_x * scale_x_, radius_y * scale_y_);
  const cv::Rect area =
      cv::Rect(cv::Point(middle - radius), cv::Point(middle + radius) + cv::Point(1, 1)) &
      cv::Rect(0, 0, mat.cols, mat.rows);
  for (int y = area.y; y < area.y + area.height; ++y) {
    for (int x = area.x; x < area.x + area.width; ++x) {
      const double dx = (x - middle.x) / radius.x;
      const double dy = (y - middle.y) / radius.y;
      mat.at<cv::Vec3b>(y, x) *= 1 - depth * std::max(0.0, 1 - dx * dx - dy * dy);
    }
  }
}

void Canvas::add_grain(double sigma, std::uint64_t seed) {
  cv::Mat mat = mat_of(picture_);
  cv::Mat grain(mat.size(), CV_16SC1);
  cv::RNG(seed).fill(grain, cv::RNG::NORMAL, 0, sigma);
  cv::GaussianBlur(grain, grain, {}, 1.2);
  cv::Mat channels;
  cv::merge(std::vector<cv::Mat>(3, grain), channels);
  cv::add(mat, channels, mat, cv::noArray(), CV_8U);
}

void Canvas::mirror() {
  cv::Mat mat = mat_of(picture_);
  cv::Mat mirrored;
  cv::flip(mat, mirrored, 1);
  mirrored.copyTo(mat);
}

void Canvas::light(const Colour& gain, double tilt) {
  const double gains[] = {gain.blue, gain.green, gain.red};
  std::vector<double> factors;  // [width, 3]
  factors.reserve(3 * static_cast<std::size_t>(picture_.width));
  for (int x = 0; x < picture_.width; ++x)
    for (const double each : gains)
      factors.push_back(each * (1 + tilt * ((x + 0.5) / picture_.width - 0.5)));
  for (auto row = picture_.bgr.begin(); row != picture_.bgr.end();
       row += static_cast<std::ptrdiff_t>(factors.size()))
    std::transform(factors.begin(), factors.end(), row, row, [](double factor, std::uint8_t level) {
      return cv::saturate_cast<std::uint8_t>(factor * level);
    });
}

void Canvas::expose(double gain, double sigma, std::uint64_t seed) {
  cv::Mat mat = mat_of(picture_);
  cv::Mat noise(mat.size(), CV_16SC3);
  cv::RNG(seed).fill(noise, cv::RNG::NORMAL, 0, sigma);
  mat.convertTo(mat, CV_8U, gain);
  cv::add(mat, noise, mat, cv::noArray(), CV_8U);
}

}  // namespace novelty
