// SPDX-License-Identifier: Apache-2.0
// The JSON beside each recording: what was seen, when, and by which model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "noveltymeta.h"
#include "record_host.h"

namespace novelty {

/// What a recording knows of one event; times are running times in ns.
struct RecordedEvent {
  std::string id;
  std::int64_t begin_ns = 0, end_ns = 0, peak_ns = 0;
  double peak_score = 0;
  double peak_p_value = 1;
  double threshold = 0;          ///< at the peak
  std::optional<Region> region;  ///< the most novel one at the peak
  std::int64_t frames = 0;
};

/// What a recording is; see docs/elements.md for the fields of the file.
struct RecordingFacts {
  std::string kind;  ///< "clip" or "frame"
  std::string file;  ///< name without folder
  std::string camera;
  std::string model_id;
  FrameTime begin;          ///< of the first picture
  std::int64_t end_ns = 0;  ///< running time of the last picture's end
  std::int64_t frames = 0;
  bool truncated = false;  ///< ended early because the disk could not keep up
  std::vector<RecordedEvent> events;
  std::vector<Region> regions;  ///< of a still
};

/// Adds a frame of an event to the event's entry, which is made where it is missing.
/// at_ns: running time of the scored frame.
void note_event(std::vector<RecordedEvent>& events, const NoveltyMeta& meta, std::int64_t at_ns);

/// The ids of the events, with commas between.
std::string event_ids(const std::vector<RecordedEvent>& events);

/// One JSON object, version 1 of the schema "novelty-recording". Times in it are stream times in
/// ns; numbers that are not finite become null, text that is not UTF-8 is mended.
std::string sidecar_json(const RecordingFacts& facts);

}  // namespace novelty
