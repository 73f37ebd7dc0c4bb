// SPDX-License-Identifier: Apache-2.0
// Targets of dense fine-tuning: to which prototype each patch belongs. Free of torch.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace novelty {

/// Turns scores [patches, prototypes] in place into the plan of optimal transport that gives each
/// patch one unit and each prototype an equal share of all (Sinkhorn): rows sum to 1. epsilon > 0:
/// the smaller, the closer to one prototype a patch. Thread: any.
void sinkhorn(std::span<float> scores, std::size_t prototypes, double epsilon, int iterations);

/// Sets each row of [patches, prototypes] to 1 at its largest value (the first of equals), else 0.
void harden(std::span<float> targets, std::size_t prototypes);

/// left, top, right, bottom of a part of a picture, each in [0, 1] of its side.
using Box = std::array<float, 4>;

/// The part of one picture's map [grid * grid, values] that `box` covers, at the centres of
/// crop_grid * crop_grid equal cells: bilinear between the centres of patches, the outermost ones
/// held beyond. Returns [crop_grid * crop_grid, values].
std::vector<float> aligned(std::span<const float> map, std::size_t grid, const Box& box,
                           std::size_t crop_grid);

}  // namespace novelty
