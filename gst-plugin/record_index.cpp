// SPDX-License-Identifier: Apache-2.0
// What lies under a recorder's root: the recordings, what they take, and what is not done.
#include "record_index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

namespace novelty {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxRecordings = 200'000;
constexpr std::size_t kMaxEntries = 2'000'000;  // that a scan looks at
constexpr int kMaxDepth = 8;
constexpr off_t kMaxSidecarBytes = 16 << 20;
constexpr const char* kNoteEnding = ".part.json";
constexpr const char* kSidecarEnding = ".json";

bool ends_with(const std::string& text, const std::string& ending) {
  return text.size() > ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

bool is_name(const std::string& text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string::npos;
}

std::string stem_of(const RecordKey& key) {
  return key.substr(key.rfind('/') + 1);
}

// A folder below the root, entered without following a link.
class Folder {
 public:
  Folder(const std::string& root, const RecordKey& key) {
    file_ = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    std::size_t begin = 0;
    for (std::size_t end = key.find('/'); file_ >= 0 && end != std::string::npos;
         end = key.find('/', begin)) {
      const std::string part = key.substr(begin, end - begin);
      const int next = openat(file_, part.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
      close(file_);
      file_ = next;
      begin = end + 1;
    }
  }
  ~Folder() {
    if (file_ >= 0) close(file_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  bool has(const std::string& name) const { return stat_of(name).has_value(); }

  std::optional<struct stat> stat_of(const std::string& name) const {
    struct stat facts {};
    if (file_ < 0 || fstatat(file_, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return {};
    return facts;
  }

  // The text of a plain file; empty when it is none or too large.
  std::string text_of(const std::string& name) const {
    const int file =
        file_ < 0 ? -1
                  : openat(file_, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return {};
    struct stat facts {};
    std::string text;
    if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size <= kMaxSidecarBytes) {
      text.resize(static_cast<std::size_t>(facts.st_size));
      const ssize_t n = pread(file, text.data(), text.size(), 0);
      text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, n)));
    }
    close(file);
    return text;
  }

  bool remove(const std::string& name) const {
    return file_ >= 0 && (unlinkat(file_, name.c_str(), 0) == 0 || errno == ENOENT);
  }

 private:
  int file_ = -1;
};

std::int64_t mtime_ns_of(const struct stat& facts) {
  return facts.st_mtim.tv_sec * 1'000'000'000LL + facts.st_mtim.tv_nsec;
}

std::vector<std::string> names_of(const RecordingFiles& files, const std::string& stem) {
  std::vector<std::string> names{files.media};
  names.insert(names.end(), files.pictures.begin(), files.pictures.end());
  names.push_back(stem + kSidecarEnding);
  return names;
}

std::optional<IndexedRecording> measure(const Folder& folder,
                                        const std::vector<std::string>& names) {
  IndexedRecording recording;
  for (const std::string& name : names) {
    const auto facts = folder.stat_of(name);
    if (!facts) continue;
    recording.bytes += facts->st_size;
    if (recording.mtime_ns == 0) recording.mtime_ns = mtime_ns_of(*facts);
  }
  if (recording.mtime_ns == 0) return {};
  return recording;
}

std::optional<IndexedRecording> look_at(const Folder& folder, const std::string& stem) {
  const std::string note = stem + kNoteEnding;
  const bool open = folder.has(note);
  const std::string json = folder.text_of(open ? note : stem + kSidecarEnding);
  const auto files = files_of_sidecar(json, stem);
  if (!files && open && json.empty())
    return IndexedRecording{.open = true};  // its writer died early
  if (!files) return {};
  auto names = names_of(*files, stem);
  if (open) names.front() += ".part";
  auto recording = measure(folder, names);
  if (recording) recording->open = open;
  return recording;
}

// The keys of all sidecars and notes below the root.
std::set<RecordKey> find_keys(const std::string& root) {
  std::set<RecordKey> keys;
  const std::size_t skip = root.size() + (root.back() == '/' ? 0 : 1);
  std::error_code error;
  fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, error);
  for (std::size_t seen = 0; !error && at != fs::end(at) && seen < kMaxEntries; ++seen) {
    if (at.depth() >= kMaxDepth) at.disable_recursion_pending();
    std::string path = at->path().string().substr(skip);
    for (const char* ending : {kNoteEnding, kSidecarEnding}) {
      if (!ends_with(path, ending)) continue;
      path.resize(path.size() - std::string(ending).size());
      if (keys.size() < kMaxRecordings) keys.insert(path);
      break;
    }
    at.increment(error);
  }
  return keys;
}

}  // namespace

std::optional<RecordingFiles> files_of_sidecar(const std::string& json, const std::string& stem) {
  const Json facts = Json::parse(json, nullptr, false);
  if (!facts.is_object() || facts.value("schema", Json()) != "novelty-recording") return {};
  const Json file = facts.value("file", Json());
  if (!file.is_string()) return {};
  RecordingFiles files{file.get<std::string>(), {}};
  if (!is_name(files.media) || fs::path(files.media).stem() != stem) return {};
  for (const Json& event : facts.value("events", Json::array())) {
    for (const char* field : {"poster", "poster_map"}) {
      const Json name = event.is_object() ? event.value(field, Json()) : Json();
      if (!name.is_string() || name == files.media) continue;
      const bool ours = is_name(name) && name.get<std::string>().rfind(stem + "_", 0) == 0;
      if (ours) files.pictures.push_back(name);
    }
  }
  return files;
}

void RecordIndex::put(const RecordKey& key, std::optional<IndexedRecording> recording) {
  const auto known = recordings_.find(key);
  if (known != recordings_.end()) {
    bytes_ -= known->second.bytes;
    recordings_.erase(known);
  }
  if (!recording || recordings_.size() >= kMaxRecordings) return;
  bytes_ += recording->bytes;
  recordings_.emplace(key, *recording);
}

void RecordIndex::update(const RecordKey& key) {
  put(key, look_at(Folder(root_, key), stem_of(key)));
}

void RecordIndex::scan() {
  const std::set<RecordKey> keys = find_keys(root_);
  std::vector<RecordKey> gone;
  for (const auto& [key, recording] : recordings_) {
    if (keys.count(key) == 0) gone.push_back(key);
  }
  for (const RecordKey& key : gone) put(key, {});
  for (const RecordKey& key : keys) {
    const auto known = recordings_.find(key);
    if (known == recordings_.end() || known->second.open) update(key);
  }
}

void RecordIndex::measure_open() {
  std::vector<RecordKey> open;
  for (const auto& [key, recording] : recordings_) {
    if (recording.open) open.push_back(key);
  }
  for (const RecordKey& key : open) update(key);
}

std::string RecordIndex::sidecar_of(const RecordKey& key) const {
  return Folder(root_, key).text_of(stem_of(key) + kSidecarEnding);
}

bool RecordIndex::is_pinned(const RecordKey& key) const {
  return Folder(root_, key).has(stem_of(key) + ".pin");
}

bool RecordIndex::remove(const RecordKey& key) {
  const std::string stem = stem_of(key);
  const Folder folder(root_, key);
  const auto files = files_of_sidecar(folder.text_of(stem + kSidecarEnding), stem);
  const bool may = files && !folder.has(stem + kNoteEnding) && !folder.has(stem + ".pin");
  if (may) {
    for (const std::string& name : names_of(*files, stem)) {
      if (!folder.remove(name)) return false;
    }
    for (std::string path = key; path.find('/') != std::string::npos;) {
      path.resize(path.rfind('/'));
      if (rmdir(path_of(path).c_str()) != 0) break;
    }
  }
  update(key);
  return may;
}

}  // namespace novelty
