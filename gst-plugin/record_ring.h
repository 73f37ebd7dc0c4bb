// SPDX-License-Identifier: Apache-2.0
// The recent past of an encoded stream, from which a clip can begin at a key frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "record_host.h"

namespace novelty {

/// One encoded picture, in decoding order.
struct RecordUnit {
  SharedBuffer buffer;
  SharedCaps caps;
  FrameTime time;
  std::int64_t decode_ns = 0;  ///< running time at which it is decoded, at or before `time`
  bool key = false;
  std::uint64_t number = 0;  ///< counts up by one from unit to unit; given by the ring
};

/// Begins with a key frame whenever it holds anything. Bounded in time by whole groups of pictures
/// and in bytes always: a single group over the bound is dropped, and the ring stays empty until
/// the next key frame. Not thread-safe.
class RecordRing {
 public:
  explicit RecordRing(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Takes a unit and drops the oldest groups while there are too many bytes.
  void push(RecordUnit unit);

  /// Drops the groups that nothing at or after `from_ns` (running time) needs.
  void trim(std::int64_t from_ns);

  void clear();

  const std::deque<RecordUnit>& units() const { return units_; }
  std::size_t bytes() const { return bytes_; }

  /// Whether a unit of so many bytes would push others out.
  bool is_full_for(std::size_t bytes) const { return bytes_ + bytes > max_bytes_; }

  /// Number of the last key unit at or before a running time; of the oldest one when all are later;
  /// none when the ring is empty.
  std::optional<std::uint64_t> start_at(std::int64_t running_ns) const;

  /// The first key unit after a running time, or null.
  const RecordUnit* key_after_or_null(std::int64_t running_ns) const;

  /// What a decoder needs for the picture nearest to a running time, which comes last; empty when
  /// the ring is.
  std::vector<RecordUnit> group_up_to(std::int64_t running_ns) const;

  /// The unit of that number, or null when it is not (or no longer) held.
  const RecordUnit* find_or_null(std::uint64_t number) const;

 private:
  void drop_group();
  bool second_group_reaches(std::int64_t running_ns) const;

  std::size_t max_bytes_;
  std::deque<RecordUnit> units_;
  std::size_t bytes_ = 0;
  std::uint64_t next_number_ = 0;
};

}  // namespace novelty
