// SPDX-License-Identifier: Apache-2.0
// Draws the report's charts as SVG text.
#pragma once

#include <string>
#include <vector>

namespace novelty {

/// A curve: value i is at x = first + i.
struct ChartSeries {
  std::string name;
  std::string css_class;  ///< colours come from the page's style: "a", "b", "faint"
  std::vector<double> values;
  double first = 0;
};

/// A dashed line at `value` with a name: across a line chart, upright in a histogram.
struct ChartMark {
  std::string name;
  double value = 0;
};

/// A shaded stretch of the x axis, from x = first to x = last.
struct ChartBand {
  std::string css_class;
  double first = 0, last = 0;
};

/// How a line chart is drawn.
struct ChartLayout {
  double width = 440;              ///< of 250 high
  std::vector<ChartBand> bands{};  ///< behind the curves
};

/// Curves over a common x axis; the y axis starts at 0 for values that are never negative.
std::string line_chart(const std::vector<ChartSeries>& series, const std::vector<ChartMark>& marks,
                       const std::string& x_name, const ChartLayout& layout = {});

/// How often values occur, as shares of their series; series lie over each other.
std::string histogram(const std::vector<ChartSeries>& series, const std::vector<ChartMark>& marks,
                      const std::string& x_name);

/// "0.0312": few digits, for people.
std::string short_number(double value);

}  // namespace novelty
