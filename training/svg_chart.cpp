// SPDX-License-Identifier: Apache-2.0
// Draws the report's charts as SVG text.
#include "svg_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace novelty {
namespace {

constexpr double kWidth = 440, kHeight = 250;
constexpr double kLeft = 56, kRight = 16, kTop = 34, kBottom = 40;
constexpr std::size_t kMaxPoints = 1000;  // a curve
constexpr std::size_t kBins = 32;

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

/// The picture's axes: what is drawn where.
struct Axes {
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  double right = kWidth - kRight;

  double x(double value) const {
    return kLeft + (value - x_low) / (x_high - x_low) * (right - kLeft);
  }
  double y(double value) const {
    return kHeight - kBottom - (value - y_low) / (y_high - y_low) * (kHeight - kTop - kBottom);
  }
};

/// About `count` round numbers within [low, high].
std::vector<double> ticks(double low, double high, int count) {
  const double raw = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double unit = raw / power;
  const double step = power * (unit < 1.5 ? 1 : unit < 3.5 ? 2 : unit < 7.5 ? 5 : 10);
  std::vector<double> values;
  const double first = std::ceil(low / step);
  const auto steps = static_cast<int>(std::floor(high / step + 1e-9) - first);
  for (int i = 0; i <= steps; ++i) values.push_back((first + i) * step);
  return values;
}

std::string text_at(double x, double y, const std::string& anchor, const std::string& text,
                    const std::string& css_class = "tick") {
  return "<text class='" + css_class + "' x='" + number(x) + "' y='" + number(y) +
         "' text-anchor='" + anchor + "'>" + text + "</text>";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& css_class) {
  return "<line class='" + css_class + "' x1='" + number(x1) + "' y1='" + number(y1) + "' x2='" +
         number(x2) + "' y2='" + number(y2) + "'/>";
}

std::string frame_of(const Axes& axes, const std::string& x_name, bool y_ticks) {
  std::string svg;
  if (y_ticks)
    for (const double value : ticks(axes.y_low, axes.y_high, 4)) {
      svg += line(kLeft, axes.y(value), axes.right, axes.y(value), "grid");
      svg += text_at(kLeft - 8, axes.y(value) + 4, "end", short_number(value));
    }
  for (const double value : ticks(axes.x_low, axes.x_high, 5))
    svg += text_at(axes.x(value), kHeight - kBottom + 16, "middle", short_number(value));
  svg += line(kLeft, kHeight - kBottom, axes.right, kHeight - kBottom, "axis");
  return svg + text_at((kLeft + axes.right) / 2, kHeight - 6, "middle", x_name, "name");
}

std::string legend_of(const std::vector<ChartSeries>& series) {
  std::string svg;
  double x = kLeft;
  for (const ChartSeries& one : series) {
    if (one.name.empty()) continue;
    svg += "<rect class='key " + one.css_class + "' x='" + number(x) +
           "' y='9' width='12' height='12' rx='3'/>";
    svg += text_at(x + 18, 19, "start", one.name, "name");
    x += 40 + 6.6 * static_cast<double>(one.name.size());
  }
  return svg;
}

std::string svg_of(const std::string& content, const Axes& axes) {
  return "<svg viewBox='0 0 " + number(axes.right + kRight) + " " + number(kHeight) +
         "' role='img' xmlns='http://www.w3.org/2000/svg'>" + content + "</svg>";
}

std::string band_of(const ChartBand& band, const Axes& axes) {
  return "<rect class='band " + band.css_class + "' x='" + number(axes.x(band.first)) + "' y='" +
         number(kTop) + "' width='" + number(axes.x(band.last) - axes.x(band.first)) +
         "' height='" + number(kHeight - kBottom - kTop) + "'/>";
}

/// Widens [low, high] by `value`; values that are not finite are left out.
void include(double value, double& low, double& high) {
  if (!std::isfinite(value)) return;
  low = std::min(low, value);
  high = std::max(high, value);
}

/// Gives an empty or void interval a width.
void ensure_width(double& low, double& high) {
  if (!(low <= high)) low = 0, high = 1;
  if (high - low < 1e-12 * std::max(1.0, std::abs(high)))
    high = low + std::max(1e-6, std::abs(low));
}

/// A curve of at most kMaxPoints points, each the mean of as many values.
std::string curve_of(const ChartSeries& series, const Axes& axes) {
  const std::size_t stride = series.values.size() / kMaxPoints + 1;
  std::string points;
  for (std::size_t i = 0; i < series.values.size(); i += stride) {
    const std::size_t end = std::min(i + stride, series.values.size());
    double sum = 0;
    for (std::size_t k = i; k < end; ++k) sum += series.values[k];
    const double mean = sum / static_cast<double>(end - i);
    if (!std::isfinite(mean)) continue;
    points +=
        number(axes.x(series.first + static_cast<double>(i))) + "," + number(axes.y(mean)) + " ";
  }
  return "<polyline class='curve " + series.css_class + "' points='" + points + "'/>";
}

Axes axes_of_curves(const std::vector<ChartSeries>& series, const std::vector<ChartMark>& marks) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Axes axes{kInfinity, -kInfinity, kInfinity, -kInfinity};
  for (const ChartSeries& one : series) {
    for (const double value : one.values) include(value, axes.y_low, axes.y_high);
    include(one.first, axes.x_low, axes.x_high);
    include(one.first + std::max(1.0, static_cast<double>(one.values.size()) - 1), axes.x_low,
            axes.x_high);
  }
  for (const ChartMark& mark : marks) include(mark.value, axes.y_low, axes.y_high);
  axes.y_low = axes.y_low >= 0 ? 0 : axes.y_low;
  ensure_width(axes.x_low, axes.x_high);
  ensure_width(axes.y_low, axes.y_high);
  axes.y_high += 0.05 * (axes.y_high - axes.y_low);
  return axes;
}

std::vector<double> bins_of(const std::vector<double>& values, double low, double high) {
  std::vector<double> bins(kBins, 0);
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    const double place = (value - low) / (high - low) * static_cast<double>(kBins);
    bins.at(static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(kBins) - 1))) +=
        1.0 / static_cast<double>(values.size());
  }
  return bins;
}

std::string bars_of(const std::vector<double>& bins, const Axes& axes,
                    const std::string& css_class) {
  std::string svg;
  const double width = (axes.x_high - axes.x_low) / static_cast<double>(kBins);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins[i] <= 0) continue;
    const double left = axes.x(axes.x_low + width * static_cast<double>(i));
    const double right = axes.x(axes.x_low + width * static_cast<double>(i + 1));
    svg += "<rect class='bar " + css_class + "' x='" + number(left + 0.5) + "' y='" +
           number(axes.y(bins[i])) + "' width='" + number(std::max(1.0, right - left - 1)) +
           "' height='" + number(axes.y(0) - axes.y(bins[i])) + "'/>";
  }
  return svg;
}

}  // namespace

std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), std::abs(value) >= 1000 ? "%.0f" : "%.3g", value);
  return text.data();
}

std::string line_chart(const std::vector<ChartSeries>& series, const std::vector<ChartMark>& marks,
                       const std::string& x_name, const ChartLayout& layout) {
  Axes axes = axes_of_curves(series, marks);
  axes.right = layout.width - kRight;
  std::string svg;
  for (const ChartBand& band : layout.bands) svg += band_of(band, axes);
  svg += frame_of(axes, x_name, true) + legend_of(series);
  for (const ChartSeries& one : series) svg += curve_of(one, axes);
  for (const ChartMark& mark : marks) {
    svg += line(kLeft, axes.y(mark.value), axes.right, axes.y(mark.value), "mark");
    svg += text_at(axes.right, axes.y(mark.value) - 5, "end", mark.name, "marked");
  }
  return svg_of(svg, axes);
}

std::string histogram(const std::vector<ChartSeries>& series, const std::vector<ChartMark>& marks,
                      const std::string& x_name) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Axes axes{kInfinity, -kInfinity, 0, 0};
  for (const ChartSeries& one : series)
    for (const double value : one.values) include(value, axes.x_low, axes.x_high);
  for (const ChartMark& mark : marks) include(mark.value, axes.x_low, axes.x_high);
  ensure_width(axes.x_low, axes.x_high);
  axes.x_high += 0.04 * (axes.x_high - axes.x_low);
  std::vector<std::vector<double>> bins;
  for (const ChartSeries& one : series) {
    bins.push_back(bins_of(one.values, axes.x_low, axes.x_high));
    axes.y_high = std::max(axes.y_high, *std::max_element(bins.back().begin(), bins.back().end()));
  }
  if (axes.y_high <= 0) axes.y_high = 1;
  std::string svg = frame_of(axes, x_name, false) + legend_of(series);
  for (std::size_t i = 0; i < series.size(); ++i)
    svg += bars_of(bins[i], axes, series[i].css_class);
  for (const ChartMark& mark : marks) {
    svg += line(axes.x(mark.value), kTop - 4, axes.x(mark.value), kHeight - kBottom, "mark");
    svg += text_at(axes.x(mark.value) - 6, kTop + 6, "end", mark.name, "marked");
  }
  return svg_of(svg, axes);
}

}  // namespace novelty
