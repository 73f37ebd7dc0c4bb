// SPDX-License-Identifier: Apache-2.0
// Whole-file reading and atomic writing, on POSIX.
#include "base/file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

std::string reason(int code) {
  return std::error_code(code, std::generic_category()).message();
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// False with errno set when the system reports a late write error.
  bool close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

struct OpenFile {
  Descriptor descriptor;
  std::size_t size;
};

/// Non-blocking, so that a pipe without a writer cannot hang the caller before it is refused.
OpenFile open_regular(const std::string& path) {
  OpenFile file{Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), 0};
  if (!file.descriptor.valid()) {
    const int code = errno;
    const bool absent = code == ENOENT || code == ENOTDIR;
    throw Error(absent ? ErrorKind::kNotFound : ErrorKind::kRead, path, reason(code),
                absent ? "check the path" : "check the file's permissions");
  }
  struct stat status {};
  if (::fstat(file.descriptor.get(), &status) != 0) {
    throw Error(ErrorKind::kRead, path, reason(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::kRead, path, S_ISDIR(status.st_mode) ? "is a folder" : "is not a file",
                "give the path of a file");
  }
  file.size = static_cast<std::size_t>(status.st_size);
  return file;
}

std::vector<std::byte> allocate(std::size_t size, const std::string& path) {
  try {
    return std::vector<std::byte>(size);
  } catch (const std::exception&) {  // bad_alloc or length_error
    throw Error(ErrorKind::kResource, path, "no memory for " + std::to_string(size) + " bytes");
  }
}

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

[[noreturn]] void fail_write(const std::string& path, int code) {
  throw Error(ErrorKind::kWrite, path, "cannot write: " + reason(code),
              "choose another output or make room there");
}

/// Replacing a folder or a device (as root, even /dev/null) by a file is never what was meant.
void check_replaceable(const std::string& path) {
  if (path.empty()) throw Error(ErrorKind::kWrite, "output", "the path is empty", "name a file");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    fail_write(path, errno);
  }
  if (S_ISREG(status.st_mode)) return;
  throw Error(ErrorKind::kWrite, path, S_ISDIR(status.st_mode) ? "is a folder" : "is not a file",
              "name a file to write");
}

/// `.NAME.RANDOM.tmp` beside `path`; NAME is cut to stay within a file name's 255 bytes.
std::string temporary_name(const std::string& path) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) fail_write(path, errno);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(random));
  const std::string name = std::filesystem::path(path).filename().string();
  return folder_of(path) + "/." + name.substr(0, 200) + "." + digits + ".tmp";
}

/// A new file beside `path`, removed unless renamed over it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path)
      : path_(path),
        name_(temporary_name(path)),
        descriptor_(::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (!descriptor_.valid()) fail_write(path_, errno);
  }
  ~TemporaryFile() {
    if (!renamed_) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail_write(path_, written < 0 ? errno : EIO);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  void commit() {
    if (::fsync(descriptor_.get()) != 0) fail_write(path_, errno);
    if (!descriptor_.close()) fail_write(path_, errno);
    if (::rename(name_.c_str(), path_.c_str()) != 0) fail_write(path_, errno);
    renamed_ = true;
  }

 private:
  std::string path_, name_;
  Descriptor descriptor_;
  bool renamed_ = false;
};

/// Makes a rename last; file systems that cannot sync a folder (EINVAL) need no such help.
void sync_folder(const std::string& path) {
  const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid() && ::fsync(folder.get()) != 0 && errno != EINVAL) fail_write(path, errno);
}

}  // namespace

std::vector<std::byte> read_file(const std::string& path, std::size_t limit) {
  const OpenFile file = open_regular(path);
  std::vector<std::byte> bytes = allocate(std::min(file.size, limit), path);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.descriptor.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(ErrorKind::kRead, path, reason(errno));
    if (got == 0) break;  // truncated meanwhile: what is there is judged by its content
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

void write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
  check_replaceable(path);
  TemporaryFile file(path);
  file.write(bytes);
  file.commit();
  sync_folder(path);
}

void check_writable(const std::string& path) {
  check_replaceable(path);
  const TemporaryFile probe(path);
}

}  // namespace novelty
