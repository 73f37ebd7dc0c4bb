// SPDX-License-Identifier: Apache-2.0
// Blends small pictures into a mapped video frame of any format the elements take.
#pragma once

#include <gst/video/video.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace novelty {

/// A pixel premultiplied by its alpha, in the colour space of the frame it goes into: c0, c1, c2
/// are R'G'B', Y'CbCr or Y' with two unused.
struct Ink {
  std::uint8_t c0 = 0, c1 = 0, c2 = 0, a = 0;
};

/// Non-owning picture of ink, `width` x `height`; rows are `stride` pixels apart (0: one row
/// repeated, a solid fill).
struct InkView {
  const Ink* data = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;
};

/// Mixes R'G'B' into the ink of one video format, by its colour matrix and range.
class InkMixer {
 public:
  explicit InkMixer(const GstVideoInfo& info);

  /// r, g, b in [0, a]: premultiplied.
  Ink mix(unsigned r, unsigned g, unsigned b, unsigned a) const {
    return {weigh(0, r, g, b, a), weigh(1, r, g, b, a), weigh(2, r, g, b, a),
            static_cast<std::uint8_t>(a)};
  }

  /// The same with values in [0, 1].
  Ink mix_unit(double r, double g, double b, double a) const;

 private:
  using Weights = std::array<int, 4>;  // of r, g, b and a, times 65536
  static constexpr int kOne = 65536;

  std::uint8_t weigh(std::size_t channel, unsigned r, unsigned g, unsigned b, unsigned a) const {
    const Weights& w = weights_[channel];
    const int sum = w[0] * static_cast<int>(r) + w[1] * static_cast<int>(g) +
                    w[2] * static_cast<int>(b) + w[3] * static_cast<int>(a) + kOne / 2;
    return static_cast<std::uint8_t>(std::clamp(sum / kOne, 0, 255));
  }

  std::array<Weights, 3> weights_{};
};

/// How a pair of pixels (two columns of an even x; of two rows in a plane of half height) lies in a
/// plane of a frame. A byte takes its channel from the left pixel, the right one, or both.
struct PlaneLayout {
  enum class From : std::uint8_t { kNothing, kLeft, kRight, kBoth };
  struct Byte {
    From from = From::kNothing;
    std::uint8_t Ink::*channel = &Ink::c0;
  };
  static constexpr int kMaxBytes = 8;

  std::array<Byte, kMaxBytes> bytes{};
  int pair_bytes = 0;        ///< of `bytes` in use
  bool half_height = false;  ///< a row of the plane stands for two of the frame

  /// Bytes that `width` pixels from an even column on take.
  int row_bytes(int width) const;
};

PlaneLayout plane_layout(const GstVideoFormatInfo& format, int plane);

/// First byte of a row of a plane.
std::uint8_t* plane_row(GstVideoFrame& frame, int plane, int row);

/// under * (1 - alpha) + top for `count` bytes, rounded; alpha in 255ths, top premultiplied.
/// The arrays must not overlap. Thread: any.
void blend_bytes(std::uint8_t* under, const std::uint8_t* top, const std::uint8_t* alpha,
                 int count);

/// Ink as the planes of one format take it: laid out once, blended often. Subsampled chroma takes
/// the mean of the ink over its pixels.
class InkLayer {
 public:
  /// Of nothing.
  InkLayer() = default;
  InkLayer(const GstVideoFormatInfo& format, const InkView& ink);

  int width() const { return width_; }
  int height() const { return height_; }

  /// Over a frame of that format, its top left corner at (x, y), both even and not negative; what
  /// lies outside is cut off. Thread: one per frame.
  void blend(GstVideoFrame& frame, int x, int y) const;

 private:
  struct Plane {
    PlaneLayout layout;
    std::size_t row_bytes = 0;
    std::size_t rows = 0;  // one for a solid fill
    std::vector<std::uint8_t> top, alpha;
    int lines() const { return layout.half_height ? 2 : 1; }  // of the frame, a row
  };
  int width_ = 0;
  int height_ = 0;
  std::vector<Plane> planes_;
};

/// Fills a rectangle with one colour, cut to the frame; x and y even and not negative.
void fill_ink(GstVideoFrame& frame, int x, int y, int width, int height, Ink color);

}  // namespace novelty
