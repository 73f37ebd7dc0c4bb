// SPDX-License-Identifier: Apache-2.0
// Shapes that a mask is made of: polygons, or a picture stretched over the frame.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace novelty {

/// A piece of a horizontal line across the frame, 0 <= begin <= end <= 1.
struct Span {
  double begin, end;
};

/// A part of the frame. Immutable. Thread: any.
class MaskShape {
 public:
  virtual ~MaskShape() = default;
  MaskShape(const MaskShape&) = delete;
  MaskShape& operator=(const MaskShape&) = delete;

  /// What of the line at height y, in (0, 1), is inside: disjoint, from left to right.
  virtual std::vector<Span> inside_at(double y) const = 0;

 protected:
  MaskShape() = default;
};

/// The form that AreaMask describes. name: "roi" or "ignore", for errors.
/// Throws: Error(kSettings) with the place in the text.
std::unique_ptr<MaskShape> parse_polygons(std::string_view text, const std::string& name);

/// png: the bytes of a file, any. path: for errors. Throws: Error (kFormat, kResource).
std::unique_ptr<MaskShape> decode_mask(std::span<const std::byte> png, const std::string& path);

}  // namespace novelty
