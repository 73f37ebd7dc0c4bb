// SPDX-License-Identifier: Apache-2.0
// The marked events of recordings as footage.
#include "marked_footage.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "feedback_file.h"
#include "image_files.h"
#include "model_update.h"
#include "novelty/error.h"
#include "video_reader.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

// Containers round time stamps, Matroska to whole milliseconds.
constexpr std::int64_t kSlackNs = 1'500'000;

bool is_marked(const std::vector<MarkedEvent>& events, std::int64_t time_ns) {
  return std::any_of(events.begin(), events.end(), [time_ns](const MarkedEvent& event) {
    return event.begin_ns - kSlackNs <= time_ns && time_ns <= event.end_ns + kSlackNs;
  });
}

std::int64_t last_end(const std::vector<MarkedEvent>& events) {
  return std::max_element(
             events.begin(), events.end(),
             [](const MarkedEvent& a, const MarkedEvent& b) { return a.end_ns < b.end_ns; })
      ->end_ns;
}

FrameRanges marked_frames(const std::string& path, const std::vector<MarkedEvent>& events) {
  VideoReader reader(path);
  VideoFrame frame;
  std::string ranges;
  std::int64_t first_ns = 0;
  for (std::size_t n = 0; reader.next(frame); ++n) {
    if (n == 0) first_ns = frame.stream_ns;
    const std::int64_t time_ns = frame.stream_ns - first_ns;
    if (time_ns > last_end(events) + kSlackNs) break;
    if (is_marked(events, time_ns))
      ranges.append(ranges.empty() ? "" : ",").append(std::to_string(n));
  }
  if (ranges.empty())
    throw Error(ErrorKind::kFormat, path, "ends before the event that was marked in it",
                "it is not the recording that was looked at; mark it again");
  return FrameRanges::parse(ranges);
}

/// The recording of a feedback file in `folder`, which links do not lead out of.
std::string find_recording(const fs::path& folder, const std::string& name) {
  std::error_code failure;
  const fs::path root = fs::canonical(folder, failure);
  const fs::path path = fs::canonical(root / name, failure);
  if (failure || !fs::is_regular_file(path, failure))
    throw Error(ErrorKind::kNotFound, (folder / name).string(), "the recording is not there",
                "put the feedback file into the folder that was reviewed; what was deleted can "
                "only be unmarked");
  const fs::path inside = path.lexically_relative(root);
  if (inside.empty() || *inside.begin() == "..")
    throw Error(ErrorKind::kFormat, (folder / name).string(), "is a link out of the folder",
                "give what it links to with --normal");
  return path.string();
}

std::unique_ptr<Footage> open_recording(const std::string& path, const MarkedRecording& recording) {
  FootageOptions options{{}, kAllFrames};
  if (!is_image_file(path)) options.frames = marked_frames(path, recording.normal);
  return open_footage({path}, options);
}

/// Says what is to be said of the whole file, too.
class MarkedFootage : public JoinedFootage {
 public:
  MarkedFootage(std::vector<std::unique_ptr<Footage>> parts, std::vector<std::string> notes)
      : JoinedFootage(std::move(parts)), notes_(std::move(notes)) {}

  std::vector<std::string> warnings() const override {
    std::vector<std::string> all = notes_;
    for (std::string& warning : JoinedFootage::warnings()) all.push_back(std::move(warning));
    return all;
  }

 private:
  std::vector<std::string> notes_;
};

std::vector<std::string> model_notes(const FeedbackFile& feedback, const std::string& path,
                                     const std::string& model_id) {
  const auto others = std::count_if(
      feedback.recordings.begin(), feedback.recordings.end(),
      [&](const MarkedRecording& r) { return !r.model_id.empty() && r.model_id != model_id; });
  if (others == 0) return {};
  return {
      path + ": " + std::to_string(others) + " of " + std::to_string(feedback.recordings.size()) +
      " recordings were made with another model, or with this one before it changed: are they of "
      "the same camera?"};
}

}  // namespace

JoinedFootage::JoinedFootage(std::vector<std::unique_ptr<Footage>> parts)
    : parts_(std::move(parts)) {}

std::string JoinedFootage::identity() {
  nlohmann::ordered_json facts{{"kind", "joined"}};
  for (const auto& part : parts_)
    facts["parts"].push_back(nlohmann::ordered_json::parse(part->identity()));
  return facts.dump();
}

std::size_t JoinedFootage::count() {
  std::size_t sum = 0;
  for (const auto& part : parts_) sum += part->count();
  return sum;
}

bool JoinedFootage::next(FrameView& frame) {
  for (; part_ < parts_.size(); ++part_)
    if (parts_[part_]->next(frame)) return true;
  return false;
}

void JoinedFootage::rewind(std::size_t n) {
  part_ = parts_.size();
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const std::size_t skipped = std::min(n, parts_[i]->count());
    parts_[i]->rewind(skipped);
    if (skipped < parts_[i]->count()) part_ = std::min(part_, i);
    n -= skipped;
  }
}

std::string JoinedFootage::label(std::size_t index) {
  std::size_t i = 0;
  while (index >= parts_.at(i)->count()) index -= parts_[i++]->count();
  return parts_[i]->label(index);
}

std::vector<std::string> JoinedFootage::warnings() const {
  std::vector<std::string> all;
  for (const auto& part : parts_)
    for (std::string& warning : part->warnings()) all.push_back(std::move(warning));
  return all;
}

std::unique_ptr<Footage> open_marked_footage(const std::string& path, const std::string& model_id) {
  const FeedbackFile feedback = read_feedback(path);
  if (feedback.recordings.empty())
    throw Error(ErrorKind::kFormat, path, "nothing is marked as normal in it",
                "mark false alarms on the page of novelty review");
  const fs::path folder = fs::path(path).parent_path().empty() ? "." : fs::path(path).parent_path();
  std::vector<std::string> found;
  for (const MarkedRecording& recording : feedback.recordings)
    found.push_back(find_recording(folder, recording.path));
  std::vector<std::unique_ptr<Footage>> parts;
  for (std::size_t i = 0; i < found.size(); ++i)
    parts.push_back(open_recording(found[i], feedback.recordings[i]));
  return std::make_unique<MarkedFootage>(std::move(parts), model_notes(feedback, path, model_id));
}

}  // namespace novelty
