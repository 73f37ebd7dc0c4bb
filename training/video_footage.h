// SPDX-License-Identifier: Apache-2.0
// Videos as training footage: chosen ranges, evenly sampled, in time order.
#pragma once

#include <optional>

#include "footage.h"
#include "video_reader.h"

namespace novelty {

class VideoFootage : public Footage {
 public:
  /// Several videos follow each other; options.frames holds for each of them.
  VideoFootage(std::vector<std::string> paths, FootageOptions options);

  std::string identity() override;
  double interval_s() override;
  std::size_t count() override;
  bool next(FrameView& frame) override;
  void rewind(std::size_t n) override;
  std::string label(std::size_t index) override;
  std::vector<std::string> warnings() const override { return warnings_; }

 private:
  struct Place {
    std::size_t video, frame;
  };
  void count_frames();
  Place place_of(std::size_t index);
  void seek(const Place& place);

  std::vector<std::string> paths_;
  FootageOptions options_;
  std::string identity_;             // made by the first identity()
  std::vector<std::size_t> chosen_;  // frames within the ranges, by video; made by count_frames
  std::size_t chosen_total_ = 0;
  double frame_s_ = 0;  // from one frame to the next, on average; made by count_frames
  std::vector<std::string> warnings_;
  std::optional<VideoReader> reader_;
  VideoFrame current_;
  std::size_t video_ = 0;       // of reader_
  std::size_t next_frame_ = 0;  // the frame reader_ yields next
  std::size_t next_index_ = 0;  // the picture `next` yields
};

}  // namespace novelty
