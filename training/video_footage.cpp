// SPDX-License-Identifier: Apache-2.0
// Videos as training footage.
#include "video_footage.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/sha256.h"
#include "interrupt.h"
#include "novelty/error.h"

namespace novelty {
namespace {

std::string hash_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Sha256 hash;
  std::vector<char> block(1U << 20U);
  while (file) {
    throw_if_interrupted();
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    hash.update(std::as_bytes(std::span(block)).first(static_cast<std::size_t>(file.gcount())));
  }
  if (!file.eof()) throw Error(ErrorKind::kRead, path, "cannot be read", "check its permissions");
  return hash.hex_digest();
}

// Of a video without times.
constexpr double kUnknownFrame = 0.04;

struct DecodedLength {
  std::size_t frames = 0;
  std::int64_t first_ns = 0, last_ns = 0;
};

/// The frames from the start that matter: decoding stops after the last range.
DecodedLength decode_length(const std::string& path, const FrameRanges& ranges,
                            std::vector<std::string>& warnings) {
  VideoReader reader(path);
  VideoFrame frame;
  DecodedLength length;
  while (!ranges.ends_before(length.frames) && reader.next(frame)) {
    if (length.frames++ == 0) length.first_ns = frame.stream_ns;
    length.last_ns = frame.stream_ns;
  }
  if (!reader.warning().empty()) warnings.push_back(reader.warning());
  return length;
}

}  // namespace

VideoFootage::VideoFootage(std::vector<std::string> paths, FootageOptions options)
    : paths_(std::move(paths)), options_(std::move(options)) {}

std::string VideoFootage::identity() {
  if (!identity_.empty()) return identity_;
  nlohmann::ordered_json facts{{"kind", "video"}};
  for (const std::string& path : paths_)
    facts["files"].push_back({{"name", base_name(path)}, {"sha256", hash_file(path)}});
  facts["frames"] = options_.frames.text().empty() ? "all" : options_.frames.text();
  facts["max_frames"] = options_.max_frames;
  identity_ = facts.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return identity_;
}

void VideoFootage::count_frames() {
  if (!chosen_.empty()) return;
  std::vector<std::size_t> chosen;
  double seconds = 0, steps = 0;
  for (const std::string& path : paths_) {
    const DecodedLength length = decode_length(path, options_.frames, warnings_);
    const std::size_t frames = length.frames;
    seconds += 1e-9 * static_cast<double>(length.last_ns - length.first_ns);
    steps += static_cast<double>(frames) - 1;
    chosen.push_back(options_.frames.count_within(frames));
    if (chosen.back() == 0)
      throw Error(ErrorKind::kSettings, "--frames " + options_.frames.text(),
                  base_name(path) + " has only " + std::to_string(frames) + " frames",
                  "frames count from 0");
  }
  frame_s_ = steps > 0 && seconds > 0 ? seconds / steps : kUnknownFrame;
  chosen_ = std::move(chosen);
  for (const std::size_t frames : chosen_) chosen_total_ += frames;
}

std::size_t VideoFootage::count() {
  count_frames();
  return std::min(chosen_total_, options_.max_frames);
}

double VideoFootage::interval_s() {
  const auto taken = static_cast<double>(count());
  return frame_s_ * static_cast<double>(chosen_total_) / taken;
}

VideoFootage::Place VideoFootage::place_of(std::size_t index) {
  count_frames();
  std::size_t nth = even_sample(index, chosen_total_, options_.max_frames);
  std::size_t video = 0;
  while (nth >= chosen_.at(video)) nth -= chosen_.at(video++);
  return {video, options_.frames.nth(nth)};
}

void VideoFootage::seek(const Place& place) {
  if (!reader_ || place.video != video_ || place.frame < next_frame_) {
    reader_.emplace(paths_.at(place.video));
    video_ = place.video;
    next_frame_ = 0;
  }
  for (; next_frame_ <= place.frame; ++next_frame_)
    if (!reader_->next(current_))
      throw Error(
          ErrorKind::kRead, paths_.at(video_),
          "ended at frame " + std::to_string(next_frame_) + " this time, earlier it had more",
          "do not change the file while it is read");
}

bool VideoFootage::next(FrameView& frame) {
  if (next_index_ >= count()) {
    reader_.reset();
    return false;
  }
  seek(place_of(next_index_));
  frame = current_.view;
  ++next_index_;
  return true;
}

void VideoFootage::rewind(std::size_t n) {
  next_index_ = n;
}

std::string VideoFootage::label(std::size_t index) {
  const Place place = place_of(index);
  const std::string frame = "frame " + std::to_string(place.frame);
  return paths_.size() == 1 ? frame : base_name(paths_.at(place.video)) + ", " + frame;
}

}  // namespace novelty
