// SPDX-License-Identifier: Apache-2.0
// The hash a bundle carries in its own header.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace novelty {

inline constexpr const char* kHashKey = "novelty.sha256";

/// What the metadata entry kHashKey holds until `seal` is called.
std::string blank_hash();

/// The SHA-256 of `bytes` with the digits of the entry kHashKey as zeros.
/// Throws: Error(kFormat) naming `where` when there is no such entry.
std::string hash_of_bundle(std::span<const std::byte> bytes, const std::string& where);

/// Puts the hash in the place of the entry's digits. Throws: as above.
void seal(std::vector<std::byte>& bytes);

}  // namespace novelty
