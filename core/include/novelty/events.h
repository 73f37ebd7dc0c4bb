// SPDX-License-Identifier: Apache-2.0
// Turns a stream of scores into events with a begin and an end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "novelty/export.h"

namespace novelty {

/// Times are nanoseconds of stream time.
struct EventOptions {
  double threshold = 0;       ///< smoothed score at and over which an event begins
  double exit_threshold = 0;  ///< score, not smoothed, below which a frame no longer feeds the open
                              ///< event; <= threshold
  std::int64_t smoothing_ns = 0;     ///< time constant of the causal smoothing, 0 = none
  std::int64_t min_duration_ns = 0;  ///< time over the threshold before an event begins
  std::int64_t hold_ns = 0;          ///< time an event outlives its last novel frame
};

enum class EventChange { kNone, kBegin, kUpdate, kEnd };

/// One event, so far or whole.
struct Event {
  std::string id;             ///< ULID
  std::int64_t begin_ns = 0;  ///< the frame at which it began
  std::int64_t end_ns = 0;    ///< the last novel frame so far
  std::int64_t peak_ns = 0;   ///< the frame of the peak score
  double peak_score = 0;      ///< unsmoothed
  /// "over", "eos", "flush", "stopped", "discont", "model" or "scene-change"; empty: open
  std::string end_reason;
};

/// What one frame is, after the temporal logic.
struct FrameState {
  double smoothed = 0;         ///< the smoothed score
  bool novel = false;          ///< the frame itself feeds the event
  bool held = false;           ///< in an event only because of the hold time
  std::optional<Event> event;  ///< the open event this frame lies in
};

/// A change of state, for messages. kEnd carries the whole event.
struct EventStep {
  FrameState frame;
  EventChange change = EventChange::kNone;  ///< kUpdate: a new peak in the open event
  std::optional<Event> ended;  ///< set with kEnd: the event that ended before this frame
};

/// Causal temporal logic over one stream. Not thread-safe; one per stream.
class NOVELTY_API EventTracker {
 public:
  /// Throws: Error(kSettings) on options that are negative, not finite or contradict each other.
  explicit EventTracker(const EventOptions& options);

  /// Takes the score of the frame at `time_ns`. Times that do not increase are taken as a
  /// discontinuity: the open event ends ("discont") and smoothing restarts; a new event begins with
  /// the next frame at the earliest. Throws: Error(kSettings) on a score that is not finite.
  EventStep push(std::int64_t time_ns, double score);

  /// Whether an event is open.
  bool is_open() const { return open_.has_value(); }

  /// Lets time pass without a frame (GAP): may end an event whose hold ran out. Before an event,
  /// the minimum duration starts anew after more than the hold.
  std::optional<Event> advance(std::int64_t time_ns);

  /// Ends an open event with `reason` and forgets all state (EOS, flush, stop).
  std::optional<Event> close(const std::string& reason);

  /// Takes new options; an open event goes on under them. Throws: Error(kSettings).
  void set_options(const EventOptions& options);

 private:
  void take_sample(std::int64_t time_ns, double score);
  EventChange maybe_begin(std::int64_t time_ns, double score);
  EventChange feed(std::int64_t time_ns, double score);
  std::optional<Event> end(const std::string& reason);

  EventOptions options_;
  std::int64_t last_ns_ = 0;
  bool has_last_ = false;
  double smoothed_ = 0;
  bool over_ = false;  // no event: smoothed is over the threshold; else: the frame feeds the event
  std::int64_t over_since_ns_ = 0;
  std::int64_t last_novel_ns_ = 0;
  std::optional<Event> open_;
};

/// A new ULID: 26 characters, sorted by time, unique over restarts and machines. Thread: any.
NOVELTY_API std::string make_ulid();

}  // namespace novelty
