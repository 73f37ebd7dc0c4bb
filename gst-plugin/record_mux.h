// SPDX-License-Identifier: Apache-2.0
// Muxes encoded pictures into a file, through a small pipeline of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "record_host.h"

namespace novelty {

/// appsrcs ! muxer ! filesink, unbuffered, so that a crash loses a second at most. A muxer waits
/// for all its tracks; sound that stays away for kMaxAudioLagNs ends there, and pictures go on. Any
/// one thread.
class ClipMux {
 public:
  static constexpr std::int64_t kMaxAudioLagNs = 3'000'000'000;

  /// muxer: a gst-launch description of one element. path: an existing file, to be filled. audio:
  /// caps of each track of sound; null: that one is left out. Throws: Error(kWrite) when the
  /// pipeline does not start.
  ClipMux(const std::string& muxer, const std::string& path, const SharedCaps& caps,
          const std::vector<SharedCaps>& audio);
  ~ClipMux();
  ClipMux(const ClipMux&) = delete;
  ClipMux& operator=(const ClipMux&) = delete;

  /// Takes the next picture, its times in the clip, neither negative. Waits while the disk is
  /// behind. Throws: Error(kWrite).
  void write(GstBuffer* buffer, std::int64_t pts_ns, std::int64_t dts_ns);

  /// Takes the next buffer of a track of sound. Throws: Error(kWrite).
  void write_audio(std::size_t track, GstBuffer* buffer, std::int64_t pts_ns);

  /// Ends the file. Throws: Error(kWrite).
  void finish();

 private:
  struct AudioSource {
    GstElement* source = nullptr;  // null: left out, or ended
    std::int64_t newest_ns = 0;
  };
  void push(GstElement* source, GstBuffer* buffer, GstClockTime pts, GstClockTime dts);
  void wait_for_room();
  void end_audio(const std::function<bool(const AudioSource&)>& which);
  void check(GstClockTime wait);
  void check_name(std::int64_t pts_ns);
  [[noreturn]] void fail(GstMessage* message);

  std::string path_;
  std::int64_t next_look_ns_ = 0;
  GstElement* pipeline_ = nullptr;
  GstElement* source_ = nullptr;
  std::vector<AudioSource> audio_;
  GstBus* bus_ = nullptr;
};

}  // namespace novelty
