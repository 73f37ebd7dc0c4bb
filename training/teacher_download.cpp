// SPDX-License-Identifier: Apache-2.0
// Puts a published teacher's weights into the user's cache, checked.
#include "teacher_download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/safetensors.h"
#include "base/sha256.h"
#include "http_download.h"
#include "nn/vit_config.h"
#include "novelty/error.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

void make_folder(const std::string& folder) {
  if (folder.empty())
    throw Error(ErrorKind::kNotFound, "the cache folder", "neither HOME nor XDG_CACHE_HOME is set",
                "set XDG_CACHE_HOME to a folder");
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure)
    throw Error(ErrorKind::kWrite, folder, "cannot make the folder: " + failure.message(),
                "set XDG_CACHE_HOME to a folder that can be written");
}

/// Only one program at a time writes the file. Ends with the program, however that ends.
class Lock {
 public:
  explicit Lock(const std::string& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0)
      throw Error(ErrorKind::kWrite, path,
                  "cannot write: " + std::generic_category().message(errno),
                  "make room or rights there");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(descriptor_);
    throw Error(ErrorKind::kResource, path, "another download of it is running",
                "wait for it to end");
  }
  ~Lock() {
    if (::lseek(descriptor_, 0, SEEK_END) == 0) ::unlink(path_.c_str());  // nothing came
    ::close(descriptor_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  std::string path_;
  int descriptor_;
};

void remove(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

/// The digest of the file, which must be the pinned one, where there is one.
std::string checked_digest(const KnownTeacher& teacher, const std::string& path,
                           const std::string& where, const std::string& remedy) {
  std::string digest = sha256_hex(read_file(path));
  if (teacher.pinned() && digest != teacher.sha256)
    throw Error(ErrorKind::kFormat, where,
                "has the SHA-256 " + digest + " instead of " + teacher.sha256, remedy);
  return digest;
}

void check_network(const std::string& path, const std::string& where) {
  try {
    infer_vit_config(SafetensorsFile::read(path).tensors());
  } catch (const Error& error) {
    throw Error(ErrorKind::kFormat, where, std::string("gives no teacher: ") + error.what(),
                "it was removed; check $HF_ENDPOINT");
  }
}

/// Removes `part` unless it is what it should be.
std::string check(const KnownTeacher& teacher, const std::string& part, const std::string& url) {
  try {
    std::string digest =
        checked_digest(teacher, part, url, "it was removed; try again, or check $HF_ENDPOINT");
    check_network(part, url);
    return digest;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kFormat) remove(part);
    throw;
  }
}

void accept(const KnownTeacher& teacher, const FetchOptions& options, const std::string& digest) {
  if (teacher.pinned() || options.unverified) return;
  throw Error(ErrorKind::kSettings, teacher.name,
              "this version knows no SHA-256 to check it against; what came has " + digest,
              "compare it with the one that the page of the file shows, then take it with "
              "--unverified");
}

}  // namespace

FetchedTeacher fetch_teacher(const KnownTeacher& teacher, const FetchOptions& options) {
  make_folder(options.folder);
  const std::string path = options.folder + "/" + teacher.name + ".safetensors";
  const std::string part = path + ".part";
  std::error_code failure;
  if (fs::exists(path, failure))
    return {path, checked_digest(teacher, path, path, "remove it and get it again"), true};
  const std::string url = url_of(teacher);
  const Lock lock(part);
  download({url, part, "get the file elsewhere and put it at " + path + ", or set HF_ENDPOINT",
            options.progress});
  const std::string digest = check(teacher, part, url);
  accept(teacher, options, digest);
  fs::rename(part, path, failure);
  if (failure)
    throw Error(ErrorKind::kWrite, path, "cannot write: " + failure.message(),
                "make room or rights there");
  return {path, digest};
}

}  // namespace novelty
