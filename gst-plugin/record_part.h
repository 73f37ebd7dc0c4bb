// SPDX-License-Identifier: Apache-2.0
// Files that are not done yet: how they are written, and who holds them.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace novelty {

/// Throws Error(kWrite): "<path>: <what>: <text of errno `code`>".
[[noreturn]] void fail_write(const std::string& path, const std::string& what, int code);

/// Waits until the file is on the disk. Throws: Error(kWrite).
void flush_to_disk(const std::string& path);

/// Writes a file, through to the disk, over one that is there; never through a link. Throws:
/// Error(kWrite).
void write_through(const std::string& path, const std::string& bytes);

/// `NAME.part.json`: what is known of a recording while it is written. It is there before the
/// recording's own file and goes after it got its name; a lock on it (flock) says that its writer
/// lives. Moved, not copied; any one thread.
class PartNote {
 public:
  /// A new note, held; none where the name is taken. Throws: Error(kWrite).
  static std::optional<PartNote> create_or_none(const std::string& path);

  /// Holds a note that is there; none when it is gone or its writer lives.
  static std::optional<PartNote> take_over_or_none(const std::string& path);

  PartNote(PartNote&& other) noexcept;
  PartNote& operator=(PartNote&& other) noexcept;
  PartNote(const PartNote&) = delete;
  PartNote& operator=(const PartNote&) = delete;
  ~PartNote();  ///< lets go; the file stays

  void write(const std::string& json);  ///< Throws: Error(kWrite).
  std::string read() const;
  void remove();  ///< the file, and lets go

 private:
  PartNote(std::string path, int file) : path_(std::move(path)), file_(file) {}
  bool hold(bool is_new);
  void let_go();

  std::string path_;
  int file_ = -1;
};

}  // namespace novelty
