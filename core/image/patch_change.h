// SPDX-License-Identifier: Apache-2.0
// Whether two prepared pictures are the same.
#pragma once

#include <cstddef>
#include <span>

namespace novelty {

/// a, b: patches [., patch_values] in [0, 1]. Whether the mean difference of the values of no patch
/// is over `most`; at 0: whether they are equal to the bit. Of another number: false.
bool patches_alike(std::span<const float> a, std::span<const float> b, std::size_t patch_values,
                   double most);

}  // namespace novelty
