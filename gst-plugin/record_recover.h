// SPDX-License-Identifier: Apache-2.0
// Makes the best of a recording whose writer died or failed.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace novelty {

/// What a media file holds. duration_ns: from the first picture to the end of the last.
struct Footage {
  std::int64_t frames = 0;
  std::int64_t duration_ns = 0;
};

/// Reads a clip (.mp4, .mkv, .webm) up to its end or its first fault, without decoding it; none
/// when that cannot be done: no demuxer is installed, it takes over half a minute, `stop` became
/// true.
std::optional<Footage> inspect_clip(const std::string& path, const std::string& extension,
                                    const std::atomic<bool>& stop);

/// Bytes of the fragmented MP4 up to the end of its last whole fragment; 0 without one.
std::int64_t whole_fragments(const std::string& path);

/// A recording that was given its name by recover_recording().
struct RecoveredRecording {
  std::string kind, path, sidecar, first_event, events;
};

enum class Recovery {
  kLiving,  ///< its writer lives, or there is nothing to recover
  kDone,    ///< finished, or removed because nothing was in it
  kFailed,  ///< the disk refuses; may be tried again
};

/// Finishes the recording of `<base>.part.json`: a clip is cut after its last whole fragment, gets
/// a sidecar with "recovered": true from its note, and its name. What holds no footage is removed.
/// Does nothing while the writer lives. recovered: set when a recording came out of it.
/// Thread: any; reads and writes the disk, throws nothing.
Recovery recover_recording(const std::string& base, const std::atomic<bool>& stop,
                           std::optional<RecoveredRecording>& recovered);

}  // namespace novelty
