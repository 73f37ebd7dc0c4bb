// SPDX-License-Identifier: Apache-2.0
// Writes one JSON object a line, and shows the file only when it is whole.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

namespace novelty {

/// Lines go to `<path>.part`, which `commit` renames; without it the part file is removed. "-" is
/// standard output, and what is no regular file (a pipe, a device) is written directly.
class JsonLines {
 public:
  /// Throws: Error(kWrite), before any work is done.
  explicit JsonLines(const std::string& path);
  ~JsonLines();
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;

  /// Throws: Error(kWrite) with the system's reason (a full disk).
  void write(const std::string& line);
  void commit();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::string part_;  // empty when written directly
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace novelty
