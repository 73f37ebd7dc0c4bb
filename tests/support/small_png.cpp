// SPDX-License-Identifier: Apache-2.0
// PNGs for tests of masks.
#include "small_png.h"

#include <png.h>

#include <array>
#include <stdexcept>

#include "base/file.h"

namespace novelty::testing {

std::vector<std::byte> png_of(std::span<const std::uint8_t> pixels, std::size_t width,
                              std::size_t height, int channels) {
  constexpr std::array<png_uint_32, 4> kFormats{PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                                PNG_FORMAT_RGBA};
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = kFormats.at(static_cast<std::size_t>(channels - 1));
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<std::byte> bytes(size);
  if (pixels.size() != width * height * static_cast<std::size_t>(channels) ||
      png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0)
    throw std::runtime_error(image.message);
  bytes.resize(size);
  return bytes;
}

void write_png(const std::string& path, std::span<const std::uint8_t> pixels, std::size_t width,
               std::size_t height, int channels) {
  write_file_atomically(path, png_of(pixels, width, height, channels));
}

}  // namespace novelty::testing
