// SPDX-License-Identifier: Apache-2.0
// A mask from a PNG.
#include <png.h>

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "novelty/error.h"
#include "scoring/mask_shape.h"

namespace novelty {
namespace {

constexpr std::size_t kMostPixels = std::size_t{64} << 20;
constexpr std::uint8_t kHalf = 128;

/// libpng's handle, freed with all it holds.
class PngImage {
 public:
  PngImage() { image_.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image_); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;

  png_image* operator->() { return &image_; }
  png_image* get() { return &image_; }

 private:
  png_image image_{};
};

class Picture final : public MaskShape {
 public:
  Picture(std::size_t width, std::size_t height, std::vector<bool> inside)
      : width_(width), height_(height), inside_(std::move(inside)) {}

  std::vector<Span> inside_at(double y) const override {
    const auto row =
        std::min(static_cast<std::size_t>(y * static_cast<double>(height_)), height_ - 1);
    const auto pixel = inside_.begin() + static_cast<std::ptrdiff_t>(row * width_);
    const auto end = pixel + static_cast<std::ptrdiff_t>(width_);
    const auto place = [&](auto at) {
      return static_cast<double>(at - pixel) / static_cast<double>(width_);
    };
    std::vector<Span> found;
    for (auto at = std::find(pixel, end, true); at != end;) {
      const auto past = std::find(at, end, false);
      found.push_back({place(at), place(past)});
      at = std::find(past, end, true);
    }
    return found;
  }

 private:
  std::size_t width_, height_;
  std::vector<bool> inside_;  // [height, width]
};

[[noreturn]] void fail(ErrorKind kind, const std::string& path, const std::string& what) {
  throw Error(kind, path, what, "give a PNG of at most 64 megapixels, white where the area is");
}

// [height, width, 2]: grey and alpha, 8 bits each.
std::vector<std::uint8_t> read_pixels(PngImage& image, const std::string& path) {
  image->format = PNG_FORMAT_GA;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(*image.get()));
  if (png_image_finish_read(image.get(), nullptr, pixels.data(), 0, nullptr) == 0)
    fail(ErrorKind::kFormat, path, std::string("is a damaged PNG: ") + image->message);
  return pixels;
}

std::unique_ptr<MaskShape> decode(std::span<const std::byte> png, const std::string& path) {
  PngImage image;
  if (png_image_begin_read_from_memory(image.get(), png.data(), png.size()) == 0)
    fail(ErrorKind::kFormat, path, std::string("is no readable PNG: ") + image->message);
  const std::size_t width = image->width, height = image->height;
  if (width == 0 || height == 0 || width > kMostPixels / height)
    fail(ErrorKind::kFormat, path,
         "has " + std::to_string(width) + " x " + std::to_string(height) + " pixels");
  const auto pixels = read_pixels(image, path);
  std::vector<bool> inside(width * height);
  for (std::size_t i = 0; i < inside.size(); ++i)
    inside[i] = pixels[2 * i] >= kHalf && pixels[2 * i + 1] >= kHalf;
  return std::make_unique<Picture>(width, height, std::move(inside));
}

}  // namespace

std::unique_ptr<MaskShape> decode_mask(std::span<const std::byte> png, const std::string& path) {
  try {
    return decode(png, path);
  } catch (const std::bad_alloc&) {
    fail(ErrorKind::kResource, path, "out of memory while reading the mask");
  }
}

}  // namespace novelty
