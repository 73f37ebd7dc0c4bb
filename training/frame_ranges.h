// SPDX-License-Identifier: Apache-2.0
// Which frames of an input to take: "0-54,100-120".
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace novelty {

/// Sorted, disjoint ranges of frame numbers from 0, both ends included; none = all frames.
class FrameRanges {
 public:
  FrameRanges() = default;

  /// Parses "A-B" or "A", several separated by commas. Throws: Error(kSettings).
  static FrameRanges parse(const std::string& text);

  bool contains(std::size_t frame) const;
  /// No frame at or after `frame` is contained.
  bool ends_before(std::size_t frame) const;
  /// The frames contained among the first `count`.
  std::size_t count_within(std::size_t count) const;
  /// The n-th frame contained, from 0.
  std::size_t nth(std::size_t n) const;
  /// In the form of `parse`, merged; empty for all frames.
  std::string text() const;

 private:
  struct Range {
    std::size_t first, last;
  };
  std::vector<Range> ranges_;
};

}  // namespace novelty
