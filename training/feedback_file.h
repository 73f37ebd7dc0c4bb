// SPDX-License-Identifier: Apache-2.0
// What people marked as normal on the page of `novelty review`: which times of which recordings
// (schema "novelty-feedback", version 1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace novelty {

/// A marked event. Times are ns from the recording's first frame, both ends included.
struct MarkedEvent {
  std::string id;
  std::int64_t begin_ns = 0, end_ns = 0;
};

struct MarkedRecording {
  std::string path;  ///< relative to the feedback file, never leading out of its folder
  std::string camera, model_id;
  std::vector<MarkedEvent> normal;  ///< not empty
};

struct FeedbackFile {
  std::vector<MarkedRecording> recordings;
};

inline constexpr std::size_t kMaxFeedbackBytes = 16U << 20;

/// where: for errors. Throws: Error (kFormat, kVersion) saying what is wrong.
FeedbackFile parse_feedback(std::string_view text, const std::string& where);

/// Throws: Error as `read_file` and `parse_feedback`.
FeedbackFile read_feedback(const std::string& path);

/// The file's text; `parse_feedback` takes it.
std::string feedback_text(const FeedbackFile& feedback);

/// Whether `input` of a command is meant as such a file: it ends in .json.
bool is_feedback_file(const std::string& input);

}  // namespace novelty
