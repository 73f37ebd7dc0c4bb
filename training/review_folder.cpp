// SPDX-License-Identifier: Apache-2.0
// What the review page and its server know of a folder of recordings.
#include "review_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "feedback_file.h"
#include "footage.h"
#include "novelty/error.h"

namespace novelty {

namespace fs = std::filesystem;

namespace {

// For people: its last part.
std::string folder_title(const std::string& folder) {
  std::error_code failure;
  const fs::path full = fs::canonical(folder, failure);
  return base_name(failure ? folder : full.string());
}

}  // namespace

std::string stored_feedback(const std::string& folder) {
  try {
    return feedback_text(read_feedback((fs::path(folder) / kFeedbackName).string()));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound) return {};
    throw;
  }
}

ReviewPage page_of_folder(const std::string& folder) {
  ReviewPage page;
  page.folder = folder_title(folder);
  page.title = "Review: " + page.folder;
  page.feedback_json = stored_feedback(folder);
  return page;
}

std::set<std::string, std::less<>> files_of(const FoundRecordings& found) {
  std::set<std::string, std::less<>> files;
  for (const FoundRecording& recording : found.recordings) {
    if (!recording.gone) files.insert(recording.folder + recording.file);
    for (const FoundEvent& event : recording.events)
      for (const std::string& name : {event.poster, event.poster_map})
        if (!name.empty()) files.insert(recording.folder + name);
  }
  return files;
}

int open_recorded_file(const std::string& folder, const std::string& name) {
  std::error_code failure;
  const fs::path root = fs::canonical(folder, failure);
  if (failure) return -1;
  const fs::path path = root / name;
  if (fs::canonical(path, failure) != path || failure) return -1;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  return file;
}

const char* media_type_of(std::string_view name) {
  constexpr std::array kTypes{
      std::pair{std::string_view(".mp4"), "video/mp4"},
      std::pair{std::string_view(".mkv"), "video/x-matroska"},
      std::pair{std::string_view(".webm"), "video/webm"},
      std::pair{std::string_view(".jpg"), "image/jpeg"},
      std::pair{std::string_view(".png"), "image/png"},
  };
  for (const auto& [ending, type] : kTypes)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

}  // namespace novelty
