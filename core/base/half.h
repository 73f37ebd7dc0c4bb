// SPDX-License-Identifier: Apache-2.0
// IEEE half precision and bfloat16 to and from float, round to nearest even.
#pragma once

#include <cstdint>

#include "novelty/export.h"

namespace novelty {

NOVELTY_API std::uint16_t float_to_half(float value);
NOVELTY_API float half_to_float(std::uint16_t bits);
std::uint16_t float_to_bfloat16(float value);
float bfloat16_to_float(std::uint16_t bits);

}  // namespace novelty
