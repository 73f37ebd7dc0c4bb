// SPDX-License-Identifier: Apache-2.0
// Encodes pictures to a video file with GStreamer.
#pragma once

#include <memory>
#include <string>

#include "picture.h"

namespace novelty {

/// Writes `path` (.mp4 or .mkv) by way of `path`.part, which takes its place only when the video is
/// whole. H.264 if an encoder is there, else VP8 (.mkv only); the same pictures give the same
/// video. Not thread-safe.
class VideoWriter {
 public:
  /// Throws: Error(kSettings: another ending; kUnsupported: no encoder; kWrite).
  VideoWriter(const std::string& path, int width, int height, int fps);
  /// Removes what is there of an unfinished video.
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  /// Takes a picture of the stated size. Waits while the encoder is behind. Throws: Error(kWrite).
  void write(const Picture& picture);

  /// Ends the video and gives it its name. Throws: Error(kWrite).
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace novelty
