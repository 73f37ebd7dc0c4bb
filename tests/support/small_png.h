// SPDX-License-Identifier: Apache-2.0
// PNGs for tests of masks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace novelty::testing {

/// A PNG of 8 bits a sample. pixels: [height, width, channels], channels 1 (grey), 2 (grey, alpha),
/// 3 (R'G'B') or 4 (R'G'B' and alpha).
std::vector<std::byte> png_of(std::span<const std::uint8_t> pixels, std::size_t width,
                              std::size_t height, int channels = 1);

/// The same as a file.
void write_png(const std::string& path, std::span<const std::uint8_t> pixels, std::size_t width,
               std::size_t height, int channels = 1);

}  // namespace novelty::testing
