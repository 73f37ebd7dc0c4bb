// SPDX-License-Identifier: Apache-2.0
// Names recordings and puts them in place whole: written as `.part`, renamed when done.
#include "record_file.h"

#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::size_t kMaxNameLength = 64;
constexpr int kMaxSameNames = 10000;

[[noreturn]] void fail(const std::string& path, const std::string& what, int code) {
  throw Error(ErrorKind::kWrite, path, what + ": " + std::generic_category().message(code),
              "check the recorder's location, its permissions and the space on its disk");
}

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(folder, "the folder cannot be made", error.value());
}

// What is renamed must be on the disk before its name is.
void flush_to_disk(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path, "cannot be opened again", errno);
  const int result = fsync(file);
  const int code = errno;
  close(file);
  if (result != 0) fail(path, "cannot be written", code);
}

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

}  // namespace

std::string safe_name(const std::string& text) {
  std::string name = text.substr(0, kMaxNameLength);
  for (char& c : name) {
    if (!is_plain(c)) c = '_';
  }
  if (name.empty()) return "_";
  if (name.front() == '.') name.front() = '_';
  return name;
}

OutputFile::OutputFile(const std::string& folder, const std::string& stem,
                       const std::string& extension)
    : folder_(folder) {
  make_folder(folder);
  for (int i = 1; i <= kMaxSameNames; ++i) {
    if (reserve(i == 1 ? stem : stem + "-" + std::to_string(i), extension)) return;
  }
  fail(folder, "too many files are called " + stem, EEXIST);
}

// The part's name is held first: who holds it alone may look whether the final names are free.
bool OutputFile::reserve(const std::string& base, const std::string& extension) {
  base_ = base;
  path_ = folder_ + "/" + base + extension;
  part_ = path_ + ".part";
  const int file = open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0 && errno == EEXIST) return false;
  if (file < 0) fail(part_, "cannot be created", errno);
  close(file);
  std::error_code ignored;
  const bool taken =
      std::filesystem::exists(path_, ignored) || std::filesystem::exists(sidecar_path(), ignored);
  if (taken) unlink(part_.c_str());
  return !taken;
}

OutputFile::~OutputFile() {
  if (!committed_) unlink(part_.c_str());
}

std::string OutputFile::name() const {
  return path_.substr(folder_.size() + 1);
}

std::string OutputFile::sidecar_path() const {
  return folder_ + "/" + base_ + ".json";
}

void OutputFile::commit(const std::string& sidecar_json) {
  flush_to_disk(part_);
  GError* error = nullptr;
  if (g_file_set_contents(sidecar_path().c_str(), sidecar_json.c_str(),
                          static_cast<gssize>(sidecar_json.size()), &error) == FALSE) {
    const std::string text = error->message;
    g_error_free(error);
    throw Error(ErrorKind::kWrite, sidecar_path(), text, "check the space on the disk");
  }
  if (std::rename(part_.c_str(), path_.c_str()) != 0) {
    const int code = errno;
    unlink(sidecar_path().c_str());
    fail(path_, "cannot be given its name", code);
  }
  committed_ = true;
}

}  // namespace novelty
