// SPDX-License-Identifier: Apache-2.0
// A folder of its own for a test, removed with all it holds.
#include "temp_dir.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace novelty::testing {

TempDir::TempDir() : path_(std::filesystem::temp_directory_path() / "novelty-test-XXXXXX") {
  if (!mkdtemp(path_.data())) throw std::system_error(errno, std::generic_category(), path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace novelty::testing
