// SPDX-License-Identifier: Apache-2.0
// From a frame's own pixel format to the networks' patches: the one path of training and live.
#include "image/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "image/color.h"
#include "image/layout.h"
#include "image/resample.h"
#include "novelty/error.h"

namespace novelty {

struct PreprocessScratch::Impl {
  AxisFilter luma_x, luma_y, chroma_x, chroma_y;
  std::vector<float>
      blended;  // [row bytes + padding, kBandRows] a plane's rows, vertically resampled
  std::vector<float> channels;  // [3, size + padding, kBandRows] the output rows
};

PreprocessScratch::PreprocessScratch() : impl_(std::make_unique<Impl>()) {}
PreprocessScratch::~PreprocessScratch() = default;
PreprocessScratch::PreprocessScratch(PreprocessScratch&&) noexcept = default;
PreprocessScratch& PreprocessScratch::operator=(PreprocessScratch&&) noexcept = default;

namespace {

using Impl = PreprocessScratch::Impl;

constexpr int kMaxInputSide = 4096;

void check_input_size(int size, int patch) {
  if (size < 1 || size > kMaxInputSide || patch < 1 || size % patch != 0) {
    throw Error(ErrorKind::kSettings, "input size",
                std::to_string(size) + " with patches of " + std::to_string(patch),
                "use a multiple of the patch size, at most " + std::to_string(kMaxInputSide));
  }
}

bool has_half_height_chroma(const FrameLayout& layout) {
  return layout.plane_count > 1;  // kNv12, kI420
}

void prepare_filters(const FrameView& frame, const FrameLayout& layout, int size, Impl& scratch) {
  const double shift = frame.chroma_site == ChromaSite::kLeft ? 0.25 : 0.0;
  scratch.luma_x.prepare({frame.width, static_cast<double>(frame.width), 0.0, size});
  scratch.luma_y.prepare({frame.height, static_cast<double>(frame.height), 0.0, size});
  scratch.chroma_x.prepare({(frame.width + 1) / 2, frame.width / 2.0, shift, size});
  if (has_half_height_chroma(layout)) {
    scratch.chroma_y.prepare({(frame.height + 1) / 2, frame.height / 2.0, 0.0, size});
  }
}

// Columns of a band, filled up to whole squares.
int padded(int size) {
  return (size + kBandRows - 1) / kBandRows * kBandRows;
}

void prepare_bands(const FrameLayout& layout, int size, Impl& scratch) {
  int row_bytes = 0;
  for (int p = 0; p < layout.plane_count; ++p)
    row_bytes = std::max(row_bytes, layout.planes[p].row_bytes);
  const auto grow = [](std::vector<float>& v, int columns) {
    const std::size_t values = static_cast<std::size_t>(columns) * kBandRows;
    if (v.size() < values) v.resize(values);
  };
  grow(scratch.blended, padded(row_bytes));
  grow(scratch.channels, 3 * padded(size));
}

float* channel(Impl& scratch, int size, int c) {
  return scratch.channels.data() + static_cast<std::size_t>(c) * padded(size) * kBandRows;
}

// `count` rows of the output from row `y`: all channels of one plane.
void resample_plane(const PlaneView& view, const PlaneLayout& plane, int y, int count, int size,
                    Impl& scratch) {
  const AxisFilter& vertical = plane.is_chroma ? scratch.chroma_y : scratch.luma_y;
  BandTaps rows{count, view.stride_bytes, {}, {}, {}};
  for (int i = 0; i < count; ++i) {
    rows.data[i] = view.data + vertical.first(y + i) * view.stride_bytes;
    rows.weights[i] = vertical.weights(y + i);
    rows.taps[i] = vertical.taps(y + i);
  }
  const BandKernels& kernels = band_kernels();
  kernels.blend(rows, plane.row_bytes, scratch.blended.data());
  for (int c = 0; c < plane.component_count; ++c) {
    const ComponentLayout& component = plane.components[c];
    const AxisFilter& horizontal = component.is_chroma ? scratch.chroma_x : scratch.luma_x;
    kernels.filter(horizontal.columns(), scratch.blended.data(), component.offset, component.step,
                   channel(scratch, size, component.channel));
  }
}

// Offset in the patches of the first of `patch` neighbours: row y, channel c, patch column px.
std::size_t patch_offset(int size, int patch, int y, int c, int px) {
  const std::size_t index = static_cast<std::size_t>(y / patch) * (size / patch) + px;
  return ((index * 3 + c) * patch + y % patch) * patch;
}

void scatter_band(Impl& scratch, int y, int count, int size, int patch,
                  std::vector<float>& patches) {
  for (int c = 0; c < 3; ++c) {
    const float* from = channel(scratch, size, c);
    if (patch == kBandRows) {  // a band is a row of patches, a square is a channel of one
      band_kernels().turn(from, size, std::ptrdiff_t{3} * patch * patch,
                          &patches[patch_offset(size, patch, y, c, 0)]);
      continue;
    }
    for (int i = 0; i < count; ++i) {
      for (int x = 0; x < size; ++x) {
        patches[patch_offset(size, patch, y + i, c, x / patch) + x % patch] =
            from[static_cast<std::ptrdiff_t>(x) * kBandRows + i];
      }
    }
  }
}

std::uint8_t level_of(float value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0F, 1.0F) * 255.0F));
}

}  // namespace

void preprocess(const FrameView& frame, int size, int patch, PreprocessScratch& scratch,
                std::vector<float>& patches) {
  check_input_size(size, patch);
  const FrameLayout layout = checked_layout(frame);
  Impl& impl = scratch.impl();
  prepare_filters(frame, layout, size, impl);
  prepare_bands(layout, size, impl);
  const ColorConversion conversion = color_conversion_of(frame);
  patches.resize(3 * static_cast<std::size_t>(size) * size);
  float* const channels[3] = {channel(impl, size, 0), channel(impl, size, 1),
                              channel(impl, size, 2)};
  for (int y = 0; y < size; y += kBandRows) {
    const int count = std::min(kBandRows, size - y);
    for (int p = 0; p < layout.plane_count; ++p) {
      resample_plane(frame.planes[p], layout.planes[p], y, count, size, impl);
    }
    convert_row(conversion, channels, size * kBandRows);
    scatter_band(impl, y, count, size, patch, patches);
  }
}

std::vector<std::uint8_t> picture_of(const std::vector<float>& patches, int size, int patch) {
  check_input_size(size, patch);
  std::vector<std::uint8_t> picture(3 * static_cast<std::size_t>(size) * size);
  if (patches.size() != picture.size()) {
    throw Error(ErrorKind::kSettings, "patches", std::to_string(patches.size()) + " values",
                "a picture of " + std::to_string(size) + " pixels a side has " +
                    std::to_string(picture.size()));
  }
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        const float value = patches[patch_offset(size, patch, y, c, x / patch) + x % patch];
        picture[(static_cast<std::size_t>(y) * size + x) * 3 + c] = level_of(value);
      }
    }
  }
  return picture;
}

}  // namespace novelty
