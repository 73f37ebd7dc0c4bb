// SPDX-License-Identifier: Apache-2.0
// Half precision and bfloat16 by their bits.
#include "base/half.h"

#include <bit>
#include <cmath>

namespace novelty {
namespace {

/// `value` >> `shift`, rounded to nearest, ties to even; shift in [1, 31].
std::uint32_t shift_right_rounded(std::uint32_t value, unsigned shift) {
  const std::uint32_t half = 1U << (shift - 1), odd = (value >> shift) & 1U;
  return (value + half - 1 + odd) >> shift;
}

}  // namespace

std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return sign | 0x7e00U;   // NaN
  if (magnitude >= 0x477ff000U) return sign | 0x7c00U;  // 65520 and over round to infinity
  if (magnitude >= 0x38800000U) {                       // normal: 2^-14 and over
    return sign | static_cast<std::uint16_t>(shift_right_rounded(magnitude - 0x38000000U, 13));
  }
  if (magnitude < 0x33000000U) return sign;  // under 2^-25: zero
  const std::uint32_t mantissa = (magnitude & 0x7fffffU) | 0x800000U;
  return sign | static_cast<std::uint16_t>(shift_right_rounded(mantissa, 126 - (magnitude >> 23)));
}

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16;
  const std::uint32_t exponent = (bits >> 10) & 31U, mantissa = bits & 0x3ffU;
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  const std::uint32_t biased = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (biased << 23) | (mantissa << 13));
}

std::uint16_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace novelty
