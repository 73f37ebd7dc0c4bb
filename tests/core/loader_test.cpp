// SPDX-License-Identifier: Apache-2.0
// What the loader says when the backend is not there, not a library, not ours or of another ABI.
#include "engine/loader.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "novelty/error.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::TempDir;

std::string built(const std::string& folder) {
  return std::string(std::getenv("NOVELTY_BUILD_ROOT")) + "/tests/support/" + folder;
}

// The text of the Error(kBackend) that opening the backend in `folders` gives.
std::string complaint(const std::vector<std::string>& folders) {
  try {
    open_backend(kTrainingFile, folders);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBackend);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "nothing";
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in: " << text;
}

TEST(Loader, SaysWhereItLookedWhenNothingIsThere) {
  const TempDir first, second;
  const std::string text = complaint({first.path(), second.path()});
  expect_contains(text, "not found; looked in " + first.path() + ", " + second.path());
}

TEST(Loader, GivesTheReasonWhenTheFileIsNoLibrary) {
  const TempDir folder;
  std::ofstream(folder / kTrainingFile) << std::string(4096, 'x');
  const std::string text = complaint({folder.path()});
  expect_contains(text, folder / kTrainingFile);
  expect_contains(text, "cannot be opened");
  expect_contains(text, "invalid ELF header");
  expect_contains(text, "novelty doctor");
}

TEST(Loader, RefusesALibraryOfAnotherAbi) {
  expect_contains(complaint({built("other_abi_backend")}), "another version");
}

TEST(Loader, RefusesALibraryThatIsNoBackend) {
  Dl_info libc{};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&std::abort), &libc), 0);
  const TempDir folder;
  std::filesystem::create_symlink(libc.dli_fname, folder / kTrainingFile);
  expect_contains(complaint({folder.path()}), "not a backend");
}

TEST(Loader, SaysWhatEachLibraryNeeds) {
  const TempDir empty;
  for (const auto& [file, words] : {std::pair{kTrainingFile, "where LibTorch is"},
                                    {kDeviceFile, "where nvcc 12.8 or newer is"}}) {
    try {
      open_backend(file, {empty.path()});
      ADD_FAILURE() << file;
    } catch (const Error& error) {
      expect_contains(error.what(), words);
    }
  }
}

TEST(Loader, TakesTheFirstFolderThatHasIt) {
  const TempDir empty;
  const Backend& backend = open_backend(
      kTrainingFile, {empty.path(), built("fake_backend"), built("other_abi_backend")});
  EXPECT_EQ(backend.abi, kBackendAbi);
  EXPECT_EQ(backend.name, "torch");
  expect_contains(backend.description, "stand-in");
}

// Sets an environment variable for its own life.
class ScopedEnv {
 public:
  ScopedEnv(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~ScopedEnv() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  ScopedEnv(const ScopedEnv&) = delete;
  ScopedEnv& operator=(const ScopedEnv&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(Loader, LooksInTheChosenFolderFirst) {
  const TempDir chosen;
  const ScopedEnv env("NOVELTY_BACKEND_DIR", chosen.path());
  const auto folders = backend_search_path();
  ASSERT_GE(folders.size(), 3U);
  EXPECT_EQ(folders.front(), chosen.path());
  const auto own = std::filesystem::canonical("/proc/self/exe").parent_path();
  EXPECT_EQ(folders[1], (own / "novelty").string());
  EXPECT_EQ(folders[2], own.string());
}

TEST(Loader, RefusesAnUnknownDevice) {
  try {
    backend_for("tpu");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSettings);
    expect_contains(error.what(), "tpu");
    expect_contains(error.what(), "use auto, cpu, cuda");
  }
}

}  // namespace
}  // namespace novelty
