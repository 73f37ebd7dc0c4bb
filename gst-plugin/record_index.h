// SPDX-License-Identifier: Apache-2.0
// What lies under a recorder's root: the recordings, what they take, and what is not done.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace novelty {

/// Key of a recording: its path below the root without extension, such as "2026-01-31/door_A".
using RecordKey = std::string;

/// What a sidecar says of the files beside it, all names without folders.
struct RecordingFiles {
  std::string media;
  std::vector<std::string> pictures;  ///< posters
};

/// The files of the recording whose sidecar this is; none when it is not a sidecar of ours, or
/// names a file that is not one of its recording.
std::optional<RecordingFiles> files_of_sidecar(const std::string& json, const std::string& stem);

/// One that the index knows. bytes: sum of its files. mtime_ns: when it was written, since 1970.
struct IndexedRecording {
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;
  bool open = false;  ///< it is being written, or was when its writer died
};

/// The recordings under a root, up to 200,000, and nothing that is not one. Folders that are links
/// are not entered, files that are links count as themselves. Any one thread; reads the disk.
class RecordIndex {
 public:
  explicit RecordIndex(std::string root) : root_(std::move(root)) {}

  /// Looks at all folders; reads only the sidecars that are new.
  void scan();

  /// Looks at one recording.
  void update(const RecordKey& key);

  /// Removes the files of a recording, the sidecar last, and the folders that are then empty.
  /// False: it is open, pinned, or cannot be removed.
  bool remove(const RecordKey& key);

  bool is_pinned(const RecordKey& key) const;

  /// The sidecar's text; empty when it cannot be read.
  std::string sidecar_of(const RecordKey& key) const;

  /// Brings the sizes of open recordings up to date.
  void measure_open();

  const std::map<RecordKey, IndexedRecording>& recordings() const { return recordings_; }
  std::int64_t bytes() const { return bytes_; }
  std::string path_of(const RecordKey& key) const { return root_ + "/" + key; }

 private:
  void put(const RecordKey& key, std::optional<IndexedRecording> recording);

  std::string root_;
  std::map<RecordKey, IndexedRecording> recordings_;
  std::int64_t bytes_ = 0;
};

}  // namespace novelty
