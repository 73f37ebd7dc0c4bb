// SPDX-License-Identifier: Apache-2.0
// A folder of its own for a test, removed with all it holds.
#pragma once

#include <string>

namespace novelty::testing {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace novelty::testing
