// SPDX-License-Identifier: Apache-2.0
// What is fuzzed: each takes any bytes, and may throw Error and nothing else.
#pragma once

#include <cstddef>
#include <span>

namespace novelty::fuzz {

/// The bytes are a file of safetensors.
void safetensors(std::span<const std::byte> bytes);

/// The bytes are a bundle, once as they are and once with the hash made right.
void bundle(std::span<const std::byte> bytes);

/// The bytes are the facts of a bundle whose rest is valid.
void facts(std::span<const std::byte> bytes);

/// The bytes are the text of a mask's polygons.
void mask_polygons(std::span<const std::byte> bytes);

/// The bytes are the PNG of a mask.
void mask_png(std::span<const std::byte> bytes);

}  // namespace novelty::fuzz
