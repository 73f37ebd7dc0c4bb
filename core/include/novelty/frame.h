// SPDX-License-Identifier: Apache-2.0
// A view of one picture in memory, in the pixel format it came in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace novelty {

enum class PixelFormat { kNv12, kI420, kYuy2, kRgb, kBgr, kRgba, kRgbx, kBgra, kBgrx, kGray8 };

/// Only read for the Y'CbCr formats (kNv12, kI420, kYuy2).
enum class ColorMatrix { kBt601, kBt709 };

/// Read for the Y'CbCr formats and kGray8; R'G'B' is taken as full range.
enum class ColorRange { kLimited, kFull };

/// Where the chroma sample of a 4:2:0 or 4:2:2 picture lies horizontally.
enum class ChromaSite { kLeft, kCenter };

/// One plane. data: first row, first sample. stride_bytes: distance of rows, may be negative.
struct PlaneView {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride_bytes = 0;
};

/// Non-owning view of a picture of `width` x `height` pixels (1 to 32768 each).
/// planes: kNv12 {Y, CbCr}; kI420 {Y, Cb, Cr}; all others {packed}. Chroma planes of odd sizes
/// are rounded up, as GStreamer lays them out. The caller owns the memory for the time of a call.
struct FrameView {
  PixelFormat format = PixelFormat::kRgb;
  int width = 0;
  int height = 0;
  ColorMatrix matrix = ColorMatrix::kBt601;
  ColorRange range = ColorRange::kLimited;
  ChromaSite chroma_site = ChromaSite::kLeft;
  std::array<PlaneView, 3> planes{};
};

}  // namespace novelty
