// SPDX-License-Identifier: Apache-2.0
// Whole files in and out, and what is left when that fails.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>

#include "base/file.h"
#include "novelty/error.h"
#include "temp_dir.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;
using novelty::testing::TempDir;

void write_text(const std::string& path, const std::string& text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

std::string read_text(const std::string& path) {
  const auto bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void expect_error(ErrorKind kind, const std::function<void()>& action) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
  }
}

std::size_t entries_of(const TempDir& folder) {
  const fs::directory_iterator begin(folder.path());
  return static_cast<std::size_t>(std::distance(begin, fs::directory_iterator()));
}

TEST(File, ReadsBackWhatWasWrittenOverAnother) {
  const TempDir folder;
  const std::string path = folder / std::string(250, 'n');  // as long as names get, nearly
  write_text(path, "old and longer");
  write_text(path, "new");
  EXPECT_EQ(read_text(path), "new");
  EXPECT_EQ(entries_of(folder), 1U);
  write_text(path, "");
  EXPECT_EQ(read_text(path), "");
}

TEST(File, ReadsAStartOnly) {
  const TempDir folder;
  write_text(folder / "a", "abcdef");
  EXPECT_EQ(read_file(folder / "a", 2).size(), 2U);
  EXPECT_EQ(read_file(folder / "a", 100).size(), 6U);
}

TEST(File, FollowsTheUsersUmask) {
  const TempDir folder;
  const mode_t before = ::umask(027);
  write_text(folder / "a", "x");
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat((folder / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(File, TellsWhyItCannotBeRead) {
  const TempDir folder;
  write_text(folder / "a", "x");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_error(ErrorKind::kNotFound, [&] { read_file(folder / "none"); });
  expect_error(ErrorKind::kNotFound, [&] { read_file(folder / "a/b"); });
  expect_error(ErrorKind::kNotFound, [&] { read_file(""); });
  expect_error(ErrorKind::kRead, [&] { read_file(folder.path()); });
  expect_error(ErrorKind::kRead, [&] { read_file(folder / "pipe"); });  // and does not wait
  expect_error(ErrorKind::kRead, [&] { read_file("/dev/zero"); });
}

TEST(File, RefusesOutputsThatCannotBe) {
  const TempDir folder;
  write_text(folder / "a", "x");
  for (const std::string& path : {folder / "none/b", folder / "a/b", folder.path(), std::string(),
                                  folder / std::string(300, 'n'), std::string("/dev/null")}) {
    expect_error(ErrorKind::kWrite, [&] { check_writable(path); });
    expect_error(ErrorKind::kWrite, [&] { write_text(path, "y"); });
  }
  EXPECT_EQ(entries_of(folder), 1U);
}

TEST(File, CheckingLeavesNothingBehind) {
  const TempDir folder;
  check_writable(folder / "a");
  EXPECT_EQ(entries_of(folder), 0U);
  write_text(folder / "a", "x");
  check_writable(folder / "a");
  EXPECT_EQ(read_text(folder / "a"), "x");
  EXPECT_EQ(entries_of(folder), 1U);
}

/// Lets files grow to `bytes` only, as a full disk would.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    static_cast<void>(std::signal(SIGXFSZ, handler_));
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(File, KeepsTheOldFileWhenTheDiskIsFull) {
  const TempDir folder;
  write_text(folder / "a", "old");
  {
    const FileSizeLimit limit(1000);
    expect_error(ErrorKind::kWrite, [&] { write_text(folder / "a", std::string(5000, 'x')); });
  }
  EXPECT_EQ(read_text(folder / "a"), "old");
  EXPECT_EQ(entries_of(folder), 1U);
}

}  // namespace
}  // namespace novelty
