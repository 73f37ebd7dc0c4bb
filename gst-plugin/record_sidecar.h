// SPDX-License-Identifier: Apache-2.0
// The JSON beside each recording: what was seen, when, and by which model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "noveltymeta.h"
#include "record_curve.h"
#include "record_host.h"

namespace novelty {

/// What a recording knows of one event; times are running times in ns.
struct RecordedEvent {
  std::string id;
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;  ///< of the last novel frame, without those that are only held
  std::int64_t peak_ns = 0;
  NoveltyMeta peak;         ///< of the frame with the highest score
  std::int64_t frames = 0;  ///< scored ones
  std::string poster;       ///< file name of the peak as a still, or empty
  std::string poster_map;   ///< the same with the anomaly map over it, or empty
};

/// What a recording is; docs/metadata.md has the fields of the file.
struct RecordingFacts {
  std::string kind;  ///< "clip" or "frame"
  std::string file;  ///< name without folder
  std::string camera;
  std::string model_id;
  FrameTime begin;          ///< of the first picture
  std::int64_t end_ns = 0;  ///< running time of the last picture's end
  std::int64_t frames = 0;
  bool truncated = false;  ///< ended early because the disk could not keep up
  bool recovered = false;  ///< finalised by a later start, after a crash
  std::string continues;   ///< name, without extension, of the clip before; or empty
  RecordSettings settings;
  std::string encoder;  ///< empty: recorded as it came
  std::vector<ScorePoint> scores;
  std::vector<RecordedEvent> events;
};

/// Adds a scored frame of an event to the event's entry, which is made where it is missing.
/// at_ns: its running time. Returns whether it is the event's peak so far.
bool note_event(std::vector<RecordedEvent>& events, const NoveltyMeta& meta, std::int64_t at_ns);

/// The ids of the events, with commas between.
std::string event_ids(const std::vector<RecordedEvent>& events);

/// One JSON object, version 2 of the schema "novelty-recording". Times in it are stream times in
/// ns; numbers that are not finite become null, text that is not UTF-8 is mended.
std::string sidecar_json(const RecordingFacts& facts);

}  // namespace novelty
