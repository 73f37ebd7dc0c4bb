// SPDX-License-Identifier: Apache-2.0
// Finds a bundle's hash in its bytes, computes it and puts it there.
#include "bundle/integrity.h"

#include <cstring>
#include <string_view>

#include "base/sha256.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::size_t kHashDigits = 64;

// Note [Where the hash lies]
// The hash covers every byte of the file but its own digits, which count as '0'. They follow the
// bytes `"novelty.sha256":"` in the header. Within a JSON string every quote has a backslash before
// it, so that text after a '{' or ',' can only be the key itself, whatever other strings hold.
std::size_t find_digits(std::span<const std::byte> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string key = '"' + std::string(kHashKey) + "\":\"";
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    const std::size_t digits = at + key.size();
    const bool is_key = at > 0 && (text[at - 1] == '{' || text[at - 1] == ',');
    if (is_key && digits + kHashDigits <= text.size()) return digits;
  }
  throw Error(ErrorKind::kFormat, where, "has no integrity hash",
              "restore the file from its source or train it again");
}

std::string hash_without_digits(std::span<const std::byte> bytes, std::size_t digits) {
  const std::string zeros = blank_hash();
  Sha256 hash;
  hash.update(bytes.first(digits));
  hash.update(std::as_bytes(std::span(zeros)));
  hash.update(bytes.subspan(digits + kHashDigits));
  return hash.hex_digest();
}

}  // namespace

std::string blank_hash() {
  return std::string(kHashDigits, '0');
}

std::string hash_of_bundle(std::span<const std::byte> bytes, const std::string& where) {
  return hash_without_digits(bytes, find_digits(bytes, where));
}

void seal(std::vector<std::byte>& bytes) {
  const std::size_t digits = find_digits(bytes, {});
  const std::string hash = hash_without_digits(bytes, digits);
  std::memcpy(bytes.data() + digits, hash.data(), kHashDigits);
}

}  // namespace novelty
