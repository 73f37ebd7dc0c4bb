// SPDX-License-Identifier: Apache-2.0
// The recent past of an encoded stream, from which a clip can begin at a key frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "record_host.h"

namespace novelty {

/// One encoded picture.
struct RecordUnit {
  SharedBuffer buffer;
  FrameTime time;
  bool key = false;
  std::uint64_t number = 0;  ///< counts up by one from unit to unit; given by the ring
};

/// Begins with a key frame whenever it holds anything. Bounded in time by whole groups of pictures
/// and in bytes always: a single group over the bound is dropped, and the ring stays empty until
/// the next key frame. Not thread-safe.
class RecordRing {
 public:
  /// keep_ns: how far back a clip may begin.
  RecordRing(std::int64_t keep_ns, std::size_t max_bytes)
      : keep_ns_(keep_ns), max_bytes_(max_bytes) {}

  void push(RecordUnit unit);
  void clear();

  const std::deque<RecordUnit>& units() const { return units_; }
  std::size_t bytes() const { return bytes_; }

  /// Number of the last key unit at or before a running time; of the oldest one when all are later;
  /// none when the ring is empty.
  std::optional<std::uint64_t> start_at(std::int64_t running_ns) const;

  /// The unit of that number, or null when it is not (or no longer) held.
  const RecordUnit* find_or_null(std::uint64_t number) const;

 private:
  void drop_group();
  bool second_group_reaches(std::int64_t running_ns) const;

  std::int64_t keep_ns_;
  std::size_t max_bytes_;
  std::deque<RecordUnit> units_;
  std::size_t bytes_ = 0;
  std::uint64_t next_number_ = 0;
};

}  // namespace novelty
