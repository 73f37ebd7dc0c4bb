// SPDX-License-Identifier: Apache-2.0
// The pictures of normal footage that are kept, and which one a new one replaces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace novelty {

/// A frame, shrunk: [16, 16] grey values.
using SmallPicture = std::array<std::uint8_t, 256>;

/// Largest difference of a grey value between two, 0 to 255: a person changes one cell of many.
int distance(const SmallPicture& a, const SmallPicture& b);

/// As hex digits, and back; none when the text is not one.
std::string to_hex(const SmallPicture& picture);
std::optional<SmallPicture> from_hex(const std::string& text);

/// Each hour of the day (UTC) has a share of its own, and in it no two pictures are alike. Any one
/// thread.
class NormalSet {
 public:
  struct Sample {
    std::string base;  ///< path without extension
    int hour = 0;      ///< 0 to 23
    SmallPicture picture{};
  };

  struct Decision {
    bool keep = false;
    std::string replaced;  ///< base of the sample that gives way, or empty
  };

  /// max_samples: of the whole day; an hour has a 24th of it, one at least.
  explicit NormalSet(std::size_t max_samples);

  /// Those with a "look" in their sidecar, below a folder. Reads the disk.
  void load(const std::string& root);

  /// Whether a picture is new to its hour. Where the hour is full, the sample that is most like it
  /// gives way, and is forgotten.
  Decision decide(int hour, const SmallPicture& picture);

  void add(Sample sample) { samples_.push_back(std::move(sample)); }

  std::size_t size() const { return samples_.size(); }

 private:
  std::size_t max_per_hour_;
  std::vector<Sample> samples_;
};

}  // namespace novelty
