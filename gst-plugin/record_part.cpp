// SPDX-License-Identifier: Apache-2.0
// Files that are not done yet: how they are written, and who holds them.
#include "record_part.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr mode_t kMode = 0644;
constexpr std::size_t kMaxNoteBytes = 4U << 20;

int write_all(int file, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = write(file, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0 ? ENOSPC : errno;
    done += static_cast<std::size_t>(n);
  }
  return fsync(file) == 0 ? 0 : errno;
}

}  // namespace

void fail_write(const std::string& path, const std::string& what, int code) {
  throw Error(ErrorKind::kWrite, path, what + ": " + std::generic_category().message(code),
              "check the recorder's location, its permissions and the space on its disk");
}

void flush_to_disk(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) fail_write(path, "cannot be opened again", errno);
  const int code = fsync(file) == 0 ? 0 : errno;
  close(file);
  if (code != 0) fail_write(path, "cannot be written", code);
}

void write_through(const std::string& path, const std::string& bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (file < 0) fail_write(path, "cannot be created", errno);
  const int code = write_all(file, bytes);
  close(file);
  if (code != 0) fail_write(path, "cannot be written", code);
}

// A note can go between its opening and the lock: the other side removes what nobody holds.
// Where a file system knows no locks, a new note is held without, and never taken over.
bool PartNote::hold(bool is_new) {
  struct stat held {};
  struct stat named {};
  const bool locked = flock(file_, LOCK_EX | LOCK_NB) == 0 || (is_new && errno != EWOULDBLOCK);
  const bool ok = locked && fstat(file_, &held) == 0 && lstat(path_.c_str(), &named) == 0 &&
                  held.st_ino == named.st_ino && held.st_dev == named.st_dev;
  if (!ok) let_go();
  return ok;
}

std::optional<PartNote> PartNote::create_or_none(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (file < 0 && errno == EEXIST) return std::nullopt;
  if (file < 0) fail_write(path, "cannot be created", errno);
  PartNote note(path, file);
  return note.hold(true) ? std::optional(std::move(note)) : std::nullopt;
}

std::optional<PartNote> PartNote::take_over_or_none(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return std::nullopt;
  PartNote note(path, file);
  return note.hold(false) ? std::optional(std::move(note)) : std::nullopt;
}

PartNote::PartNote(PartNote&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

PartNote& PartNote::operator=(PartNote&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  return *this;
}

PartNote::~PartNote() {
  let_go();
}

void PartNote::write(const std::string& json) {
  int code = lseek(file_, 0, SEEK_SET) < 0 ? errno : 0;
  if (code == 0) code = write_all(file_, json);
  if (code == 0 && ftruncate(file_, static_cast<off_t>(json.size())) != 0) code = errno;
  if (code != 0) fail_write(path_, "cannot be written", code);
}

std::string PartNote::read() const {
  std::string text;
  std::array<char, 65536> block{};
  ssize_t n = 0;
  while (text.size() < kMaxNoteBytes &&
         (n = pread(file_, block.data(), block.size(), static_cast<off_t>(text.size()))) > 0) {
    text.append(block.data(), static_cast<std::size_t>(n));
  }
  return text;
}

void PartNote::remove() {
  unlink(path_.c_str());
  let_go();
}

void PartNote::let_go() {
  if (file_ >= 0) close(file_);
  file_ = -1;
}

}  // namespace novelty
