// SPDX-License-Identifier: Apache-2.0
// The time between two instants, over the whole range of times.
#pragma once

#include <cstdint>
#include <limits>

namespace novelty {

/// later - earlier, as large as it can be when it does not fit.
inline std::int64_t elapsed(std::int64_t earlier, std::int64_t later) {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(later, earlier, &difference)) return difference;
  return later > earlier ? std::numeric_limits<std::int64_t>::max()
                         : std::numeric_limits<std::int64_t>::min();
}

}  // namespace novelty
