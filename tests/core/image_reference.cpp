// SPDX-License-Identifier: Apache-2.0
// A slow resizer and converter in double precision straight from the definitions, and pictures in
// memory that faults when it is read beside the rows: what core/image is tested against.
#include "image_reference.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

#include "base/rng.h"

namespace novelty::testing {
namespace {

double triangle(double x) {
  return std::abs(x) < 1 ? 1 - std::abs(x) : 0;
}

double catmull_rom(double x) {
  x = std::abs(x);
  if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
  if (x < 2) return -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2;
  return 0;
}

// Weight of every sample of an axis in output `o`.
std::vector<double> axis_weights(int samples, double extent, double shift, int size, int o) {
  const double step = extent / size;
  std::vector<double> weights;
  double sum = 0;
  for (int i = 0; i < samples; ++i) {
    const double distance = (i + 0.5) - ((o + 0.5) * step + shift);
    weights.push_back(step >= 1 ? triangle(distance / step) : catmull_rom(distance));
    sum += weights.back();
  }
  for (double& w : weights) w /= sum;
  return weights;
}

struct Channel {
  int width, height;
  double extent_x, extent_y, shift_x;
  std::function<double(int x, int y)> sample;
};

Channel channel_of(const FrameView& f, int plane, int offset, int step, int sub_x, int sub_y) {
  const PlaneView view = f.planes[plane];
  const double shift = sub_x == 2 && f.chroma_site == ChromaSite::kLeft ? 0.25 : 0;
  return {
      (f.width + sub_x - 1) / sub_x,
      (f.height + sub_y - 1) / sub_y,
      double(f.width) / sub_x,
      double(f.height) / sub_y,
      shift,
      [=](int x, int y) { return double(view.data[y * view.stride_bytes + offset + x * step]); }};
}

std::vector<Channel> rgb_channels(const FrameView& f, int red, int blue, int step) {
  return {channel_of(f, 0, red, step, 1, 1), channel_of(f, 0, 1, step, 1, 1),
          channel_of(f, 0, blue, step, 1, 1)};
}

std::vector<Channel> channels_of(const FrameView& f) {
  switch (f.format) {
    case PixelFormat::kNv12:
      return {channel_of(f, 0, 0, 1, 1, 1), channel_of(f, 1, 0, 2, 2, 2),
              channel_of(f, 1, 1, 2, 2, 2)};
    case PixelFormat::kI420:
      return {channel_of(f, 0, 0, 1, 1, 1), channel_of(f, 1, 0, 1, 2, 2),
              channel_of(f, 2, 0, 1, 2, 2)};
    case PixelFormat::kYuy2:
      return {channel_of(f, 0, 0, 2, 1, 1), channel_of(f, 0, 1, 4, 2, 1),
              channel_of(f, 0, 3, 4, 2, 1)};
    case PixelFormat::kRgb:
      return rgb_channels(f, 0, 2, 3);
    case PixelFormat::kBgr:
      return rgb_channels(f, 2, 0, 3);
    case PixelFormat::kRgba:
    case PixelFormat::kRgbx:
      return rgb_channels(f, 0, 2, 4);
    case PixelFormat::kBgra:
    case PixelFormat::kBgrx:
      return rgb_channels(f, 2, 0, 4);
    case PixelFormat::kGray8:
      return {channel_of(f, 0, 0, 1, 1, 1)};
  }
  throw std::logic_error("format");
}

std::vector<double> resize(const Channel& channel, int size) {
  std::vector<std::vector<double>> columns;
  columns.reserve(size);
  for (int o = 0; o < size; ++o) {
    columns.push_back(axis_weights(channel.width, channel.extent_x, channel.shift_x, size, o));
  }
  std::vector<double> out;
  for (int oy = 0; oy < size; ++oy) {
    const auto rows = axis_weights(channel.height, channel.extent_y, 0, size, oy);
    for (int ox = 0; ox < size; ++ox) {
      double sum = 0;
      for (int y = 0; y < channel.height; ++y) {
        for (int x = 0; x < channel.width && rows[y] != 0; ++x) {
          if (columns[ox][x] != 0) sum += rows[y] * columns[ox][x] * channel.sample(x, y);
        }
      }
      out.push_back(sum);
    }
  }
  return out;
}

std::array<double, 3> rgb_of(const FrameView& f, double y, double cb, double cr) {
  const bool full = f.range == ColorRange::kFull;
  const double luma = full ? y / 255 : (y - 16) / 219;
  const double pb = (cb - 128) / (full ? 255 : 224);
  const double pr = (cr - 128) / (full ? 255 : 224);
  const double kr = f.matrix == ColorMatrix::kBt601 ? 0.299 : 0.2126;
  const double kb = f.matrix == ColorMatrix::kBt601 ? 0.114 : 0.0722;
  const double red = luma + 2 * (1 - kr) * pr;
  const double blue = luma + 2 * (1 - kb) * pb;
  return {red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue};
}

std::array<double, 3> pixel_of(const FrameView& f, const std::vector<std::vector<double>>& levels,
                               std::size_t i) {
  if (f.format == PixelFormat::kGray8) return rgb_of(f, levels[0][i], 128, 128);
  if (f.format == PixelFormat::kNv12 || f.format == PixelFormat::kI420 ||
      f.format == PixelFormat::kYuy2) {
    return rgb_of(f, levels[0][i], levels[1][i], levels[2][i]);
  }
  return {levels[0][i] / 255, levels[1][i] / 255, levels[2][i] / 255};
}

// Bytes a row and rows of each plane, as GStreamer lays formats out without padding.
std::vector<std::pair<int, int>> plane_sizes(PixelFormat format, int width, int height) {
  const int half_width = (width + 1) / 2;
  const int half_height = (height + 1) / 2;
  switch (format) {
    case PixelFormat::kNv12:
      return {{width, height}, {2 * half_width, half_height}};
    case PixelFormat::kI420:
      return {{width, height}, {half_width, half_height}, {half_width, half_height}};
    case PixelFormat::kYuy2:
      return {{4 * half_width, height}};
    case PixelFormat::kRgb:
    case PixelFormat::kBgr:
      return {{3 * width, height}};
    case PixelFormat::kGray8:
      return {{width, height}};
    default:
      return {{4 * width, height}};
  }
}

}  // namespace

std::vector<double> reference_picture(const FrameView& frame, int size) {
  std::vector<std::vector<double>> levels;
  for (const Channel& channel : channels_of(frame)) levels.push_back(resize(channel, size));
  std::vector<double> out;
  for (std::size_t i = 0; i < levels[0].size(); ++i) {
    for (const double v : pixel_of(frame, levels, i)) out.push_back(std::clamp(v, 0.0, 1.0));
  }
  return out;
}

GuardedPicture::GuardedPicture(PixelFormat format, int width, int height,
                               const PictureOptions& options) {
  frame.format = format;
  frame.width = width;
  frame.height = height;
  Rng rng(options.seed);
  Rng noise(options.seed, options.stride_padding + 1);
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (const auto& [row_bytes, rows] : plane_sizes(format, width, height)) {
    const std::size_t stride = row_bytes + options.stride_padding;
    const std::size_t bytes = stride * (rows - 1) + row_bytes;
    const std::size_t inner = (bytes + page - 1) / page * page;
    void* map = mmap(nullptr, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::runtime_error("mmap");
    auto* begin = static_cast<std::uint8_t*>(map);
    mappings_.push_back({begin, inner + 2 * page});
    if (mprotect(begin + page, inner, PROT_READ | PROT_WRITE) != 0) {
      throw std::runtime_error("mprotect");
    }
    std::uint8_t* first = begin + page;
    if (options.placement == Placement::kAtEnd) first += inner - bytes;
    std::generate_n(first, bytes, [&] { return static_cast<std::uint8_t>(noise.below(256)); });
    PlaneView& view = frame.planes[mappings_.size() - 1];
    view.stride_bytes = static_cast<std::ptrdiff_t>(stride);
    view.data = first;
    if (options.bottom_up) {
      view.data += stride * (rows - 1);
      view.stride_bytes = -view.stride_bytes;
    }
    for (int y = 0; y < rows; ++y) {
      std::uint8_t* row = const_cast<std::uint8_t*>(view.data) + y * view.stride_bytes;
      std::generate_n(row, row_bytes, [&] { return static_cast<std::uint8_t>(rng.below(256)); });
    }
  }
}

GuardedPicture::~GuardedPicture() {
  for (const Mapping& mapping : mappings_) munmap(mapping.begin, mapping.bytes);
}

}  // namespace novelty::testing
