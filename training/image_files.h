// SPDX-License-Identifier: Apache-2.0
// Finds the images in folders and tars, and reads their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace novelty {

/// Pixels in memory: grey, or the planes R', G' and B' one after the other.
struct RawImage {
  std::shared_ptr<const std::vector<std::byte>> bytes;
  std::size_t offset = 0;
  int width = 0, height = 0;
  int channels = 1;  ///< 1 or 3
};

/// One image: a file, an entry of a tar, a record of a file in memory, or a mosaic of such.
struct ImageFile {
  std::string name;                ///< path for people: the file's, or the entry's within its tar
  std::string path;                ///< the file to open
  std::int64_t entry_offset = -1;  ///< of the entry's header in the tar; -1 = a plain file
  std::vector<ImageFile> tiles{};  ///< four: top left, top right, bottom left, bottom right; else
                                   ///< none
  std::optional<RawImage> raw{};   ///< then `path` is only named
  std::string mask{};              ///< image of what is novel on it, white; or empty
};

/// Whether `path` is a tar (by its header, any ustar, pax or GNU one). False when unreadable.
bool is_tar(const std::string& path);

/// Whether `path` is an image file OpenCV can read, by its first bytes. False when unreadable.
bool is_image_file(const std::string& path);

/// The images in `input`, sorted by name: of a folder and all below it, of a tar, or the file
/// itself. Hidden files are left out. Throws: Error (kNotFound, kRead, kFormat: no image in it).
std::vector<ImageFile> list_images(const std::string& input);

/// The encoded bytes, of a mosaic those of its tiles in order, of raw pixels a PGM or PPM.
/// Throws: Error (kNotFound, kRead, kFormat).
std::vector<std::byte> read_image_file(const ImageFile& file);

}  // namespace novelty
