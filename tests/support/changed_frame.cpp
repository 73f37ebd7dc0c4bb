// SPDX-License-Identifier: Apache-2.0
// Draws a frame and changes frames.
#include "changed_frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/rng.h"

namespace novelty::testing {
namespace {

// Where the value of a channel lies.
std::size_t index_of(const RgbFrame& frame, int y, int x, int c) {
  const auto wide = [](int value) { return static_cast<std::size_t>(value); };
  return (wide(y) * wide(frame.width) + wide(x)) * 3 + wide(c);
}

std::uint8_t byte_of(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

double mirrored(double at, int size) {
  const double last = size - 1;
  at = std::fmod(std::abs(at), 2 * last);
  return at > last ? 2 * last - at : at;
}

double sample(const RgbFrame& frame, double y, double x, int channel) {
  y = mirrored(y, frame.height);
  x = mirrored(x, frame.width);
  const int top = std::min(static_cast<int>(y), frame.height - 2);
  const int left = std::min(static_cast<int>(x), frame.width - 2);
  const auto at = [&](int row, int column) {
    return static_cast<double>(frame.rgb[index_of(frame, row, column, channel)]);
  };
  const double upper = std::lerp(at(top, left), at(top, left + 1), x - left);
  const double lower = std::lerp(at(top + 1, left), at(top + 1, left + 1), x - left);
  return std::lerp(upper, lower, y - top);
}

/// A frame of the same size and time whose values are `value(y, x, channel)`.
template <typename Value>
RgbFrame remade(const RgbFrame& frame, Value value) {
  RgbFrame out = frame;
  std::size_t i = 0;
  for (int y = 0; y < frame.height; ++y)
    for (int x = 0; x < frame.width; ++x)
      for (int c = 0; c < 3; ++c) out.rgb[i++] = byte_of(value(y, x, c));
  return out;
}

double value_at(const RgbFrame& frame, int y, int x, int c) {
  return frame.rgb[index_of(frame, y, x, c)];
}

/// Each value the mean of those up to `right` and `down` behind and before it, by a running sum.
RgbFrame averaged(const RgbFrame& frame, int right, int down) {
  const int steps = right > 0 ? frame.width : frame.height;
  const int lines = right > 0 ? frame.height : frame.width;
  const int reach = std::max(right, down);
  RgbFrame out = frame;
  const auto place = [&](int line, int step, int c) {
    step = std::clamp(step, 0, steps - 1);
    return right > 0 ? index_of(frame, line, step, c) : index_of(frame, step, line, c);
  };
  for (int line = 0; line < lines; ++line)
    for (int c = 0; c < 3; ++c) {
      int sum = 0;
      for (int d = -reach; d <= reach; ++d) sum += frame.rgb[place(line, d, c)];
      for (int step = 0; step < steps; ++step) {
        out.rgb[place(line, step, c)] = byte_of(sum / (2.0 * reach + 1));
        sum +=
            frame.rgb[place(line, step + reach + 1, c)] - frame.rgb[place(line, step - reach, c)];
      }
    }
  return out;
}

}  // namespace

FrameView RgbFrame::view() const {
  FrameView view;
  view.format = PixelFormat::kRgb;
  view.width = width;
  view.height = height;
  view.planes[0] = {rgb.data(), width * 3};
  return view;
}

RgbFrame drawn_room(std::uint64_t moment) {
  constexpr int kBoxes = 60;
  RgbFrame frame{256, 144, 0, std::vector<std::uint8_t>(std::size_t{256} * 144 * 3, 120)};
  Rng rng(11, 1);
  for (int i = 0; i < kBoxes; ++i) {
    const double width = 0.03 + 0.2 * rng.uniform();
    const double height = 0.05 + 0.25 * rng.uniform();
    const double x = rng.uniform();
    const double y = rng.uniform();
    const std::array<double, 3> colour{40 + 150 * rng.uniform(), 40 + 150 * rng.uniform(),
                                       40 + 150 * rng.uniform()};
    for (int row = static_cast<int>(y * frame.height);
         row < std::min((y + height), 1.0) * frame.height; ++row)
      for (int column = static_cast<int>(x * frame.width);
           column < std::min((x + width), 1.0) * frame.width; ++column)
        for (int c = 0; c < 3; ++c)
          frame.rgb[index_of(frame, row, column, c)] =
              byte_of(colour.at(static_cast<std::size_t>(c)));
  }
  Rng noise(12, moment);
  return remade(frame, [&](int row, int column, int c) {
    return value_at(frame, row, column, c) + 6 * (noise.uniform() - 0.5);
  });
}

RgbFrame with_box(const RgbFrame& frame, const Box& box) {
  return remade(frame, [&](int row, int column, int c) {
    const double u = (column + 0.5) / frame.width - box.x;
    const double v = (row + 0.5) / frame.height - box.y;
    const bool inside = u >= 0 && u < box.width && v >= 0 && v < box.height;
    return inside ? box.level : value_at(frame, row, column, c);
  });
}

RgbFrame moved(const RgbFrame& frame, const Move& move) {
  const double angle = move.turn_degrees * std::numbers::pi / 180;
  const double c = std::cos(angle) / move.zoom;
  const double s = std::sin(angle) / move.zoom;
  const double middle_y = (frame.height - 1) / 2.0;
  const double middle_x = (frame.width - 1) / 2.0;
  return remade(frame, [&](int row, int column, int channel) {
    const double y = row - middle_y - move.shift_y * frame.width;
    const double x = column - middle_x - move.shift_x * frame.width;
    return sample(frame, middle_y + c * y - s * x, middle_x + s * y + c * x, channel);
  });
}

RgbFrame lit(const RgbFrame& frame, double left, double right) {
  std::vector<double> gains;
  gains.reserve(static_cast<std::size_t>(frame.width));
  for (int x = 0; x < frame.width; ++x)
    gains.push_back(left * std::pow(right / left, static_cast<double>(x) / (frame.width - 1)));
  return remade(frame, [&](int y, int x, int c) {
    return value_at(frame, y, x, c) * gains[static_cast<std::size_t>(x)];
  });
}

RgbFrame colourless(const RgbFrame& frame) {
  return remade(frame, [&](int y, int x, int) {
    return 0.299 * value_at(frame, y, x, 0) + 0.587 * value_at(frame, y, x, 1) +
           0.114 * value_at(frame, y, x, 2);
  });
}

RgbFrame dark(const RgbFrame& frame) {
  Rng rng(7, static_cast<std::uint64_t>(frame.stream_ns));
  return remade(frame, [&](int, int, int) { return 10 + 12 * (rng.uniform() - 0.5); });
}

RgbFrame behind_cloth(const RgbFrame& frame, double share) {
  constexpr std::array<double, 3> kColour{165, 120, 95};
  return remade(frame, [&](int y, int x, int c) {
    if (x >= share * frame.width) return value_at(frame, y, x, c);
    const double v = y * 448.0 / frame.height;
    const double u = x * 448.0 / frame.height;
    const double folds = std::sin(u / 23 + std::sin(v / 41) * 2) * std::cos(v / 17 + u / 60);
    return kColour.at(static_cast<std::size_t>(c)) * (1 + 0.4 * folds) + (x * 7 + y * 13) % 9;
  });
}

RgbFrame unfocused(const RgbFrame& frame, double radius) {
  const int reach = static_cast<int>(std::lround(radius * frame.width));
  RgbFrame out = frame;
  for (int pass = 0; pass < 2; ++pass) {
    out = averaged(out, reach, 0);
    out = averaged(out, 0, reach);
  }
  return out;
}

}  // namespace novelty::testing
