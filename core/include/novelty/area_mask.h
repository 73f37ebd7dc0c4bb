// SPDX-License-Identifier: Apache-2.0
// The part of the picture in which novelty counts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "novelty/export.h"

namespace novelty {

class MaskShape;

/// Inside `roi` and outside `ignore`. Immutable; cheap to copy. Thread: any.
class NOVELTY_API AreaMask {
 public:
  /// Everything counts.
  AreaMask() = default;

  /// roi, ignore: each empty (blanks only) for none, or
  /// - polygons "0.1,0.2 0.9,0.2 0.9,1; 0,0 0.5,0 0,0.5": corners x,y in [0, 1], 0,0 the upper left
  ///   and 1,1 the lower right corner of the frame; at least three a polygon; polygons apart by
  ///   ";". Where a polygon crosses itself, what it winds round twice is outside. At most 65536
  ///   bytes;
  /// - the path of a PNG (ends in .png), stretched over the frame: a pixel is inside when it is at
  ///   least half white (128 of 255, colours as their grey) and at least half opaque. At most
  ///   64 megapixels and 64 MiB. It is read now, and not again.
  /// Throws: Error (kSettings: a text that is neither; kNotFound, kRead, kFormat, kResource: the
  /// file).
  AreaMask(const std::string& roi, const std::string& ignore);

  /// Rasterises to the patches of a model, `grid` (1 to 1024) a side. A patch is inside a shape
  /// when at least half of its area is, measured at 16 heights. Returns [grid * grid],
  /// row-major, 1 = counts; empty when all do. Throws: Error(kSettings) when no patch counts.
  std::vector<std::uint8_t> counted(int grid) const;

 private:
  std::shared_ptr<const MaskShape> roi_;     // null: the whole frame
  std::shared_ptr<const MaskShape> ignore_;  // null: nothing
};

}  // namespace novelty
