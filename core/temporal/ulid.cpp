// SPDX-License-Identifier: Apache-2.0
// ULIDs: 48 bits of Unix milliseconds and 80 random bits in Crockford's base 32.
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <string_view>
#include <system_error>

#include "novelty/error.h"
#include "novelty/events.h"

namespace novelty {
namespace {

struct Ulid {
  std::uint64_t time_ms = 0;
  std::uint16_t random_high = 0;
  std::uint64_t random_low = 0;
};

std::uint64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

void draw_random(Ulid& ulid) {
  std::array<std::uint64_t, 2> bits{};
  if (::getrandom(bits.data(), sizeof bits, 0) != sizeof bits) {
    throw Error(ErrorKind::kResource, "getrandom",
                std::error_code(errno, std::generic_category()).message());
  }
  ulid.random_high = static_cast<std::uint16_t>(bits[0]);
  ulid.random_low = bits[1];
}

/// Within a millisecond, and when the clock steps back, the last one plus 1: sorted as made.
Ulid next_ulid() {
  static std::mutex mutex;
  static Ulid last;  // guarded by mutex
  const std::lock_guard lock(mutex);
  const std::uint64_t now = unix_ms();
  if (now > last.time_ms) {
    last.time_ms = now;
    draw_random(last);
  } else if (++last.random_low == 0 && ++last.random_high == 0) {
    ++last.time_ms;
  }
  return last;
}

/// The lowest `bits` bits of `value`, 5 a digit, most significant first.
void append_base32(std::string& text, std::uint64_t value, int bits) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  for (int shift = bits - 5; shift >= 0; shift -= 5) text += kDigits[(value >> shift) & 31U];
}

}  // namespace

std::string make_ulid() {
  const Ulid ulid = next_ulid();
  std::string text;
  append_base32(text, ulid.time_ms, 50);
  append_base32(text, std::uint64_t{ulid.random_high} << 24 | ulid.random_low >> 40, 40);
  append_base32(text, ulid.random_low, 40);
  return text;
}

}  // namespace novelty
