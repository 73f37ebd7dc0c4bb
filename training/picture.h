// SPDX-License-Identifier: Apache-2.0
// Decodes an image with OpenCV.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image_files.h"
#include "novelty/frame.h"

namespace novelty {

/// A decoded image: 8-bit B'G'R', rows packed, turned upright by its EXIF orientation.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> bgr;  ///< [height, width, 3]

  FrameView view() const;
};

/// Grey becomes colour, alpha is dropped, 16 bits become 8. `where` names it in errors.
/// Throws: Error(kFormat) when it is none, is damaged, or is over 32768 pixels a side.
Picture decode_picture(std::span<const std::byte> bytes, const std::string& where);

/// The picture in a file; of a mosaic the four, each scaled to the first one's size. Throws: Error
/// (kNotFound, kRead, kFormat).
Picture read_picture(const ImageFile& file);

/// JPEG bytes of [height, width, 3] R'G'B'. Throws: Error(kResource).
std::vector<std::uint8_t> encode_jpeg(std::span<const std::uint8_t> rgb, int width, int height);

/// PNG bytes of [height, width] grey. Throws: Error(kResource).
std::vector<std::uint8_t> encode_png(std::span<const std::uint8_t> grey, int width, int height);

/// `rgb` ([size, size, 3]) scaled to `side`, with `map` ([map_size, map_size], 0 = normal, 1 =
/// extreme) laid over it in colour where it is over 0.
std::vector<std::uint8_t> paint_heat(std::span<const std::uint8_t> rgb, int size,
                                     std::span<const float> map, int map_size, int side);

}  // namespace novelty
