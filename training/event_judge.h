// SPDX-License-Identifier: Apache-2.0
// Judges events by labels: what was found, missed, false, late.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "clip_labels.h"

namespace novelty {

/// In which event a frame lies.
struct FrameEvent {
  std::string id;     ///< empty = in none
  bool held = false;  ///< in it only by its hold time
};

/// The rule, for a frame rate of fps:
/// - a novel range is found by an event of its own that begins within [start - 0.5 s, start + 1 s];
/// - an event is false when it found no range and does not begin within [start - 0.5 s, end] of
/// one;
/// - a range flickers when more than two events begin within [start - 0.5 s, end] of it;
/// - an event is unending when it lasts to the last frame of the next normal range that begins
/// after
///   it and is 1 s or longer.
struct EventVerdict {
  std::vector<LabelRange> events;               ///< all of them, first and last frame
  std::vector<std::optional<std::size_t>> own;  ///< a novel range: the place of its event
  std::vector<std::optional<double>> delay_s;   ///< a novel range: from its start to the event's
  std::vector<double> cover;                    ///< a novel range: share of its frames in events
  LabelRanges false_events, flickering, unending;
  std::size_t false_in_normal = 0;          ///< false events that begin in a normal range
  std::size_t normal_frames = 0;            ///< of all normal ranges
  std::size_t normal_frames_in_events = 0;  ///< of these, held ones not counted

  std::size_t found() const;
  double normal_share() const;
  /// All found, at least 80 % of every novel range covered, nothing false, flickering or unending,
  /// at most 5 % of the normal frames in events.
  bool passes() const;
};

/// frames: a value a frame; those beyond its end are in no event. fps: > 0.
EventVerdict judge_events(std::span<const FrameEvent> frames, const ClipLabels& labels, double fps);

}  // namespace novelty
