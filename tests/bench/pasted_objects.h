// SPDX-License-Identifier: Apache-2.0
// Foreign objects for a clip: boxes cut from labelled photographs, and where they are pasted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "novelty/frame.h"

namespace novelty::bench {

/// Whole pixels; even throughout, as 4:2:0 chroma wants.
struct PixelBox {
  int x = 0, y = 0, width = 0, height = 0;
};

/// One object and where it lies.
struct Placement {
  std::string name;        ///< file and class number
  std::size_t first = 0;   ///< frame of the clip
  std::size_t frames = 0;  ///< it stays so long
  PixelBox box;
  std::vector<std::uint8_t> i420;  ///< its pixels: the planes of box.width x box.height
};

/// Where it may go.
struct PlacementRange {
  int width = 0, height = 0;           ///< of the clip, pixels
  std::size_t first = 0, last = 0;     ///< frames; a whole placement and its run-in lie within
  std::size_t run_in = 0, frames = 0;  ///< frames without and with it
};

/// `count` different objects of COCO128 (`folder` holds images/ and labels/), none of them a person
/// (class 0) and each at least 40 pixels a side, on 3 to 15 % of the frame. A pure function of the
/// files and the seed. Throws: Error.
std::vector<Placement> draw_placements(const std::string& folder, std::size_t count,
                                       const PlacementRange& range, std::uint64_t seed);

/// A picture in memory of its own.
class I420Copy {
 public:
  /// Throws: Error(kUnsupported) when `frame` is not I420.
  explicit I420Copy(const FrameView& frame);

  void paste(const Placement& placement);
  const FrameView& view() const { return view_; }

 private:
  std::vector<std::uint8_t> bytes_;
  FrameView view_;
};

}  // namespace novelty::bench
