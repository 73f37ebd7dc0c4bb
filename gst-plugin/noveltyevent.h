// SPDX-License-Identifier: Apache-2.0
// The begin, update and end of an event, as bus message and downstream event. Field by field in
// docs/metadata.md.
#pragma once

#include <gst/gst.h>

#include <optional>
#include <string>

#include "novelty/detector.h"
#include "novelty/events.h"

namespace novelty {

inline constexpr const char* kBeginName = "novelty-begin";
inline constexpr const char* kUpdateName = "novelty-update";
inline constexpr const char* kEndName = "novelty-end";
inline constexpr const char* kSceneChangeName = "novelty-scene-change";

/// One change of an event.
struct NoveltyEvent {
  EventChange change = EventChange::kNone;  ///< kBegin, kUpdate or kEnd
  std::string event_id;                     ///< ULID
  std::string camera;                       ///< the element's `camera`
  /// Of the first novel frame (begin), the frame of the peak (update), the last novel frame (end).
  GstClockTime running_time = GST_CLOCK_TIME_NONE;
  GstClockTime stream_time = GST_CLOCK_TIME_NONE;
  std::string wall_clock;        ///< RFC 3339 UTC of the same instant; empty when not live
  double peak_score = 0;         ///< highest score so far
  double p_value = 1;            ///< of the peak score
  std::optional<Region> region;  ///< the most novel region at the peak
  std::string reason;            ///< why it ended: "over", "eos", ...; empty unless kEnd
};

/// The scene-change flag was raised or cleared.
struct SceneNotice {
  bool active = false;  ///< raised; false: cleared
  std::string reason;   ///< "moved", "covered", "relit" or "infrared"
  std::string camera;   ///< the element's `camera`
  /// Of the frame at which the flag changed.
  GstClockTime running_time = GST_CLOCK_TIME_NONE;
  GstClockTime stream_time = GST_CLOCK_TIME_NONE;
  std::string wall_clock;  ///< as in NoveltyEvent
};

/// The structure named novelty-scene-change. Caller owns.
GstStructure* structure_of(const SceneNotice& notice);

/// What such a structure tells of; nothing for any other structure or null. Thread: any.
std::optional<SceneNotice> scene_notice_of(const GstStructure* structure);

/// The structure named novelty-begin, -update or -end. Caller owns.
GstStructure* structure_of(const NoveltyEvent& event);

/// The change a message's or an event's structure tells of; nothing for any other structure or
/// null. Thread: any.
std::optional<NoveltyEvent> novelty_event_of(const GstStructure* structure);

/// RFC 3339 UTC text of `unix_us` microseconds since 1970.
std::string rfc3339_utc(std::int64_t unix_us);

}  // namespace novelty
