// SPDX-License-Identifier: Apache-2.0
// Writes one JSON object a line.
#include "json_lines.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "novelty/error.h"

namespace novelty {
namespace {

[[noreturn]] void fail(const std::string& path) {
  throw Error(ErrorKind::kWrite, path, std::strerror(errno),
              "choose another --jsonl, or free space");
}

bool is_special(const std::string& path) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
         !std::filesystem::is_directory(status);
}

}  // namespace

JsonLines::JsonLines(const std::string& path) : path_(path) {
  if (path == "-") {
    file_.reset(fdopen(dup(STDOUT_FILENO), "w"));
  } else {
    errno = EISDIR;
    if (std::filesystem::is_directory(path)) fail(path);
    if (!is_special(path)) part_ = path + ".part";
    file_.reset(std::fopen(part_.empty() ? path.c_str() : part_.c_str(), "we"));
  }
  if (file_ == nullptr) fail(path);
}

JsonLines::~JsonLines() {
  if (file_ != nullptr && !part_.empty()) {
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
  }
}

void JsonLines::write(const std::string& line) {
  if (std::fputs(line.c_str(), file_.get()) < 0 || std::fputc('\n', file_.get()) == EOF)
    fail(path_);
}

void JsonLines::commit() {
  if (std::fflush(file_.get()) != 0) fail(path_);
  if (!part_.empty()) {
    if (fsync(fileno(file_.get())) != 0 || std::rename(part_.c_str(), path_.c_str()) != 0)
      fail(path_);
  }
  file_.reset();
}

}  // namespace novelty
