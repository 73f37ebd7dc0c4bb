// SPDX-License-Identifier: Apache-2.0
// A slow resizer and converter in double precision straight from the definitions, and pictures in
// memory that faults when it is read beside the rows: what core/image is tested against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "novelty/frame.h"

namespace novelty::testing {

/// R'G'B' in [0,1] of `frame` squeezed to `size` x `size`: [size, size, 3].
std::vector<double> reference_picture(const FrameView& frame, int size);

/// Where a plane lies in its mapping, whose two sides are unreadable pages.
enum class Placement { kAtStart, kAtEnd };

struct PictureOptions {
  int stride_padding = 0;  ///< bytes between rows, of other content than the picture
  bool bottom_up = false;  ///< negative strides
  Placement placement = Placement::kAtEnd;
  std::uint64_t seed = 1;
};

/// A picture of random samples. Its first and last byte touch unreadable memory, as the placement
/// says.
class GuardedPicture {
 public:
  GuardedPicture(PixelFormat format, int width, int height, const PictureOptions& options = {});
  ~GuardedPicture();
  GuardedPicture(const GuardedPicture&) = delete;
  GuardedPicture& operator=(const GuardedPicture&) = delete;

  FrameView frame;

 private:
  struct Mapping {
    std::uint8_t* begin = nullptr;
    std::size_t bytes = 0;
  };
  std::vector<Mapping> mappings_;
};

}  // namespace novelty::testing
