// SPDX-License-Identifier: Apache-2.0
// Where the samples of each pixel format lie, and the checks of a frame against it.
#include "image/layout.h"

#include <cstdint>
#include <limits>
#include <string>

#include "novelty/error.h"

namespace novelty {
namespace {

int halved(int size) {
  return (size + 1) / 2;
}

PlaneLayout single_plane(int rows, int channel, int count, bool is_chroma) {
  PlaneLayout plane{rows, count, is_chroma, 1, {}};
  plane.components[0] = {channel, 0, 1, count, is_chroma};
  return plane;
}

FrameLayout packed_rgb(int width, int height, int red, int green, int blue, int step) {
  FrameLayout layout{1, {}};
  layout.planes[0] = {height, width * step, false, 3, {}};
  layout.planes[0].components = {ComponentLayout{0, red, step, width, false},
                                 ComponentLayout{1, green, step, width, false},
                                 ComponentLayout{2, blue, step, width, false}};
  return layout;
}

FrameLayout nv12(int width, int height) {
  FrameLayout layout{2, {}};
  const int chroma = halved(width);
  layout.planes[0] = single_plane(height, 0, width, false);
  layout.planes[1] = {halved(height), 2 * chroma, true, 2, {}};
  layout.planes[1].components = {ComponentLayout{1, 0, 2, chroma, true},
                                 ComponentLayout{2, 1, 2, chroma, true}, ComponentLayout{}};
  return layout;
}

FrameLayout i420(int width, int height) {
  FrameLayout layout{3, {}};
  layout.planes[0] = single_plane(height, 0, width, false);
  layout.planes[1] = single_plane(halved(height), 1, halved(width), true);
  layout.planes[2] = single_plane(halved(height), 2, halved(width), true);
  return layout;
}

// An odd width ends in a pair whose second Y is padding.
FrameLayout yuy2(int width, int height) {
  FrameLayout layout{1, {}};
  const int chroma = halved(width);
  layout.planes[0] = {height, 4 * chroma, false, 3, {}};
  layout.planes[0].components = {ComponentLayout{0, 0, 2, width, false},
                                 ComponentLayout{1, 1, 4, chroma, true},
                                 ComponentLayout{2, 3, 4, chroma, true}};
  return layout;
}

FrameLayout layout_of(PixelFormat format, int width, int height) {
  switch (format) {
    case PixelFormat::kNv12:
      return nv12(width, height);
    case PixelFormat::kI420:
      return i420(width, height);
    case PixelFormat::kYuy2:
      return yuy2(width, height);
    case PixelFormat::kRgb:
      return packed_rgb(width, height, 0, 1, 2, 3);
    case PixelFormat::kBgr:
      return packed_rgb(width, height, 2, 1, 0, 3);
    case PixelFormat::kRgba:
    case PixelFormat::kRgbx:
      return packed_rgb(width, height, 0, 1, 2, 4);
    case PixelFormat::kBgra:
    case PixelFormat::kBgrx:
      return packed_rgb(width, height, 2, 1, 0, 4);
    case PixelFormat::kGray8:
      return {1, {single_plane(height, 0, width, false)}};
  }
  throw Error(ErrorKind::kSettings, "frame",
              "unknown pixel format " + std::to_string(static_cast<int>(format)),
              "use one of PixelFormat");
}

void check_plane(const PlaneView& view, const PlaneLayout& plane, int index) {
  const std::string where = "frame plane " + std::to_string(index);
  if (view.data == nullptr) {
    throw Error(ErrorKind::kSettings, where, "missing", "set its data pointer");
  }
  const std::ptrdiff_t least = plane.row_bytes;
  const std::ptrdiff_t most = std::numeric_limits<std::ptrdiff_t>::max() / kMaxFrameSide;
  const std::ptrdiff_t stride = view.stride_bytes;
  if ((stride > -least && stride < least) || stride > most || stride < -most) {
    throw Error(
        ErrorKind::kSettings, where,
        "stride of " + std::to_string(stride) + " bytes, a row has " + std::to_string(least),
        "give the distance of rows in bytes");
  }
}

}  // namespace

FrameLayout checked_layout(const FrameView& frame) {
  if (frame.width < 1 || frame.height < 1 || frame.width > kMaxFrameSide ||
      frame.height > kMaxFrameSide) {
    throw Error(ErrorKind::kSettings, "frame",
                "size " + std::to_string(frame.width) + "x" + std::to_string(frame.height),
                "each side must be 1 to " + std::to_string(kMaxFrameSide) + " pixels");
  }
  const FrameLayout layout = layout_of(frame.format, frame.width, frame.height);
  for (int i = 0; i < layout.plane_count; ++i) check_plane(frame.planes[i], layout.planes[i], i);
  return layout;
}

}  // namespace novelty
