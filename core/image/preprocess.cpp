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
  std::vector<float> blended;    // [row bytes + padding] one row of a plane, vertically resampled
  std::vector<float> component;  // [samples + padding] one component of it
  std::vector<float> row;        // [3, size] one output row, channel after channel
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

// The padding holds zeros or what an earlier frame left there: finite, and weighted by zero.
void prepare_rows(const FrameLayout& layout, int size, Impl& scratch) {
  const int padding = std::max(scratch.luma_x.padded_taps(), scratch.chroma_x.padded_taps());
  const auto grow = [](std::vector<float>& v, std::size_t n) {
    if (v.size() < n) v.resize(n);
  };
  for (int p = 0; p < layout.plane_count; ++p) {
    const PlaneLayout& plane = layout.planes[p];
    grow(scratch.blended, plane.row_bytes + padding);
    for (int c = 0; c < plane.component_count; ++c) {
      grow(scratch.component, plane.components[c].count + padding);
    }
  }
  grow(scratch.row, 3 * static_cast<std::size_t>(size));
}

// The samples of `component` within the blended row, side by side.
const float* gather(const ComponentLayout& component, Impl& scratch) {
  const float* __restrict from = scratch.blended.data() + component.offset;
  if (component.step == 1) return from;
  float* __restrict to = scratch.component.data();
  for (int i = 0; i < component.count; ++i)
    to[i] = from[static_cast<std::ptrdiff_t>(i) * component.step];
  return to;
}

// Row `y` of the output: all channels of one plane.
void resample_plane(const PlaneView& view, const PlaneLayout& plane, int y, int size,
                    Impl& scratch) {
  const AxisFilter& vertical = plane.is_chroma ? scratch.chroma_y : scratch.luma_y;
  blend_rows(view.data + vertical.first(y) * view.stride_bytes, view.stride_bytes,
             vertical.weights(y),
             {scratch.blended.data(), static_cast<std::size_t>(plane.row_bytes)});
  for (int c = 0; c < plane.component_count; ++c) {
    const ComponentLayout& component = plane.components[c];
    const AxisFilter& horizontal = component.is_chroma ? scratch.chroma_x : scratch.luma_x;
    filter_row(horizontal, gather(component, scratch),
               &scratch.row[static_cast<std::size_t>(component.channel) * size]);
  }
}

// Offset in the patches of the first of `patch` neighbours: row y, channel c, patch column px.
std::size_t patch_offset(int size, int patch, int y, int c, int px) {
  const std::size_t index = static_cast<std::size_t>(y / patch) * (size / patch) + px;
  return ((index * 3 + c) * patch + y % patch) * patch;
}

void scatter_row(const float* row, int size, int patch, int y, std::vector<float>& patches) {
  for (int c = 0; c < 3; ++c) {
    for (int px = 0; px < size / patch; ++px) {
      std::copy_n(row + static_cast<std::size_t>(c) * size + static_cast<std::size_t>(px) * patch,
                  patch, &patches[patch_offset(size, patch, y, c, px)]);
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
  prepare_rows(layout, size, impl);
  const ColorConversion conversion = color_conversion_of(frame);
  patches.resize(3 * static_cast<std::size_t>(size) * size);
  float* const channels[3] = {impl.row.data(), impl.row.data() + size, impl.row.data() + 2 * size};
  for (int y = 0; y < size; ++y) {
    for (int p = 0; p < layout.plane_count; ++p) {
      resample_plane(frame.planes[p], layout.planes[p], y, size, impl);
    }
    convert_row(conversion, channels, size);
    scatter_row(impl.row.data(), size, patch, y, patches);
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
