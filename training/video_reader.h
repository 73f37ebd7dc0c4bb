// SPDX-License-Identifier: Apache-2.0
// Decodes a video file with GStreamer, frame by frame, in the pixel format a pipeline would see.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "novelty/frame.h"

namespace novelty {

/// One decoded frame; the view is valid until the reader's next call.
struct VideoFrame {
  FrameView view;
  std::int64_t pts_ns = -1;  ///< the buffer's own time stamp; -1 = none
  std::int64_t stream_ns =
      0;  ///< stream time, increasing; made up from the rate where there is none
};

/// Reads one video from its first frame to its last, in bounded memory. Not thread-safe.
class VideoReader {
 public:
  /// Opens `path`; the first frame is decoded by the first `next`.
  /// Throws: Error (kNotFound, kRead, kFormat, kUnsupported, kBackend: a GStreamer element
  /// missing).
  explicit VideoReader(const std::string& path);
  ~VideoReader();
  VideoReader(VideoReader&&) noexcept;
  VideoReader& operator=(VideoReader&&) noexcept;

  /// False at the end. Throws: Error as the constructor, naming the frame when decoding breaks off
  /// (kRead) and on Ctrl-C (kCancelled).
  bool next(VideoFrame& frame);

  /// After the end: a plain sentence when the file holds less than its header says, else empty.
  const std::string& warning() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace novelty
