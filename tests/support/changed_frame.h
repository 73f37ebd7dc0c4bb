// SPDX-License-Identifier: Apache-2.0
// Frames, drawn ones too, and what moving, covering or re-lighting the camera makes of them.
#pragma once

#include <cstdint>
#include <vector>

#include "novelty/frame.h"

namespace novelty::testing {

/// R'G'B' without padding.
struct RgbFrame {
  int width = 0, height = 0;
  std::int64_t stream_ns = 0;
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]

  FrameView view() const;
};

/// A made-up room, 256 x 144: boxes of many colours and sizes before a wall, with a sensor's noise.
/// moment: the noise differs.
RgbFrame drawn_room(std::uint64_t moment = 0);

/// `frame` with a flat box of that colour over [x, x + width) x [y, y + height), shares of the
/// sides.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  std::uint8_t level = 0;
};
RgbFrame with_box(const RgbFrame& frame, const Box& box);

/// What a camera sees after it was shifted (shares of the width), turned and zoomed; what is not in
/// the frame is mirrored at its border.
struct Move {
  double shift_x = 0, shift_y = 0, turn_degrees = 0, zoom = 1;
};
RgbFrame moved(const RgbFrame& frame, const Move& move);

/// Times `left` at the left border, `right` at the right one, a geometric ramp between.
RgbFrame lit(const RgbFrame& frame, double left, double right);

RgbFrame colourless(const RgbFrame& frame);

/// Uniform, with a sensor's noise.
RgbFrame dark(const RgbFrame& frame);

/// The left `share` of the frame behind a folded, skin-coloured cloth.
RgbFrame behind_cloth(const RgbFrame& frame, double share);

/// As out of focus: twice the mean over a square that reaches `radius` (share of the width) far.
RgbFrame unfocused(const RgbFrame& frame, double radius);

}  // namespace novelty::testing
