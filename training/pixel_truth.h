// SPDX-License-Identifier: Apache-2.0
// Which pixels are novel, and what a model's patches say of each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace novelty {

/// The regions of a mask, any pixel of which over 127 is novel, at [side, side] (nearest pixel): 0
/// where it is normal, else first + the region's number; pixels that touch, also at a corner, are
/// of one. Returns the regions there are. Throws: Error (kRead, kFormat).
std::uint32_t mask_regions(const std::string& path, int side, std::uint32_t first,
                           std::span<std::uint32_t> out);

/// The values of the patches, [grid, grid], at every pixel of [side, side], bilinearly.
void pixel_values(std::span<const float> values, int grid, int side, std::span<float> out);

}  // namespace novelty
