// SPDX-License-Identifier: Apache-2.0
// Where the samples of each pixel format lie, and the checks of a frame against it.
#pragma once

#include <array>
#include <cstddef>

#include "novelty/frame.h"

namespace novelty {

/// Samples of one channel within the rows of a plane, in bytes from the row's start.
struct ComponentLayout {
  int channel = 0;  ///< 0, 1, 2 = R, G, B or Y, Cb, Cr
  int offset = 0;   ///< of the first sample
  int step = 1;     ///< from one sample to the next
  int count = 0;    ///< samples a row
  bool is_chroma = false;
};

struct PlaneLayout {
  int rows = 0;
  int row_bytes = 0;       ///< what is read of a row; the stride must be at least this
  bool is_chroma = false;  ///< of half the picture's height
  int component_count = 0;
  std::array<ComponentLayout, 3> components{};
};

struct FrameLayout {
  int plane_count = 0;
  std::array<PlaneLayout, 3> planes{};
};

inline constexpr int kMaxFrameSide = 32768;

/// The layout of `frame`, whose size, planes and strides are checked against it.
/// Throws: Error(kSettings).
FrameLayout checked_layout(const FrameView& frame);

}  // namespace novelty
