// SPDX-License-Identifier: Apache-2.0
// Finds what noveltyrecord wrote in a folder, by the sidecars (schema "novelty-recording", versions
// 1 and 2). Sidecars are not trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace novelty {

/// A box normalised to the frame, [0, 1].
struct RecordedBox {
  double x = 0, y = 0, width = 0, height = 0;
};

/// Times are ns from the recording's first frame, within the recording.
struct FoundEvent {
  std::string id;
  std::int64_t begin_ns = 0, end_ns = 0, peak_ns = 0;
  std::optional<double> peak_score, peak_p_value, threshold;
  std::optional<RecordedBox> region;
  std::string poster, poster_map;  ///< names beside the sidecar; empty: there is none
};

/// One entry a scored frame; times as in FoundEvent, rising.
struct ScoreCurve {
  std::vector<std::int64_t> time_ns;
  std::vector<double> score, threshold;
};

struct FoundRecording {
  std::string folder;  ///< below the searched one, with a slash at its end; empty: that itself
  std::string file;    ///< name of the clip or still; it is there unless `gone`
  bool gone = false;
  std::string kind;  ///< "clip", "frame" or "normal"
  std::string camera, model_id;
  std::int64_t stream_ns = 0;  ///< stream time of its first frame
  std::int64_t duration_ns = 0;
  std::int64_t frames = 0;
  std::optional<std::int64_t> begin_utc_ms;  ///< since 1970
  std::string camera_clock;                  ///< RFC 3339 as the camera told it; empty: unknown
  bool truncated = false, recovered = false, continued = false, pinned = false;
  ScoreCurve curve;
  std::vector<FoundEvent> events;
};

struct FoundRecordings {
  std::vector<FoundRecording> recordings;  ///< by folder and name
  std::size_t foreign = 0;                 ///< other JSON files
  std::size_t broken = 0;                  ///< not JSON, or not what the schema says
  std::size_t too_large = 0;
  std::size_t unreadable = 0;  ///< files and folders
};

inline constexpr std::uintmax_t kMaxSidecarBytes = 8U << 20;

/// Reads all sidecars in `folder` and below. Links are not followed, and a recording's files are
/// beside its sidecar: nothing outside `folder` is ever named. Throws: Error (kNotFound, kRead;
/// kCancelled on Ctrl-C).
FoundRecordings find_recordings(const std::string& folder);

}  // namespace novelty
