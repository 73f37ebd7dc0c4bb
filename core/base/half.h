// SPDX-License-Identifier: Apache-2.0
// IEEE half precision and bfloat16 to and from float, round to nearest even.
#pragma once

#include <cstdint>

namespace novelty {

std::uint16_t float_to_half(float value);
float half_to_float(std::uint16_t bits);
std::uint16_t float_to_bfloat16(float value);
float bfloat16_to_float(std::uint16_t bits);

}  // namespace novelty
