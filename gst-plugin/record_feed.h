// SPDX-License-Identifier: Apache-2.0
// What a noveltydetect on another branch says, on its way to the recorder.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <vector>

#include "noveltymeta.h"

namespace novelty {

/// One scored frame. at_ns: its running time. Map and regions are there within events only.
struct Observation {
  NoveltyMeta meta;
  std::int64_t at_ns = 0;
};

/// The observation of a frame that carries `meta` at `running_ns`; a result older than ten seconds
/// counts as that old.
Observation observation_of(NoveltyMeta meta, std::int64_t running_ns);

/// How late a score may be, ns.
inline constexpr std::int64_t kMaxScoringAgeNs = 10'000'000'000;

/// From the detector's streaming thread to the recorder's. Bounded: the oldest go first. Thread:
/// any.
class RecordFeed {
 public:
  static constexpr std::int64_t kNothingSeen = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kAllSeen = std::numeric_limits<std::int64_t>::max();

  /// A frame left the detector; buffer: with its meta, if any.
  void push(GstBuffer* buffer, std::int64_t running_ns);

  /// The detector's stream ended; another one begins.
  void end() { set_ended(true); }
  void begin() { set_ended(false); }

  /// The detector flushed.
  void clear();

  /// Takes out the observations up to a running time, in order.
  std::vector<Observation> take_until(std::int64_t running_ns);

  /// Running time up to which the detector has judged: kNothingSeen before its first frame,
  /// kAllSeen after its end.
  std::int64_t observed_ns() const;

  /// Waits until the detector moves on from `observed_ns`; false when it did not for so long, or at
  /// once while flushing.
  bool wait_beyond(std::int64_t observed_ns, int timeout_ms);

  void set_flushing(bool flushing);
  bool is_flushing() const;

 private:
  void set_ended(bool ended);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Observation> waiting_;                     // guarded by mutex_
  std::int64_t observed_ns_ = kNothingSeen;             // guarded by mutex_
  GstClockTime last_scored_pts_ = GST_CLOCK_TIME_NONE;  // guarded by mutex_
  bool ended_ = false;                                  // guarded by mutex_
  bool flushing_ = false;                               // guarded by mutex_
};

}  // namespace novelty
