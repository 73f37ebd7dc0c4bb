// SPDX-License-Identifier: Apache-2.0
// Muxes encoded pictures into a file, through a small pipeline of its own.
#pragma once

#include <cstdint>
#include <string>

#include "record_host.h"

namespace novelty {

/// appsrc ! muxer ! filesink, unbuffered, so that a crash loses a second at most. Any one thread.
class ClipMux {
 public:
  /// muxer: a gst-launch description of one element. path: an existing file, to be filled.
  /// Throws: Error(kWrite) when the pipeline does not start.
  ClipMux(const std::string& muxer, const std::string& path, GstCaps* caps);
  ~ClipMux();
  ClipMux(const ClipMux&) = delete;
  ClipMux& operator=(const ClipMux&) = delete;

  /// Takes the next picture, its times in the clip, neither negative. Waits while the disk is
  /// behind. Throws: Error(kWrite).
  void write(GstBuffer* buffer, std::int64_t pts_ns, std::int64_t dts_ns);

  /// Ends the file. Throws: Error(kWrite).
  void finish();

 private:
  void check(GstClockTime wait);
  void check_name(std::int64_t pts_ns);
  [[noreturn]] void fail(GstMessage* message);

  std::string path_;
  std::int64_t next_look_ns_ = 0;
  GstElement* pipeline_ = nullptr;
  GstElement* source_ = nullptr;
  GstBus* bus_ = nullptr;
};

}  // namespace novelty
