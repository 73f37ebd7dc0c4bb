// SPDX-License-Identifier: Apache-2.0
// A small counter-based random generator: the stream is a pure function of (seed, stream), so a
// resumed run draws what an unbroken one would.
#pragma once

#include <cstdint>

namespace novelty {

/// SplitMix64 (Steele, Lea, Flood 2014), the same on every machine. Not for cryptography.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint64_t next();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Standard normal (Box-Muller, two draws).
  double normal();
  /// Uniform in [0, n), n > 0, without modulo bias.
  std::uint64_t below(std::uint64_t n);

 private:
  std::uint64_t state_;
};

}  // namespace novelty
