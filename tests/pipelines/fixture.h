// SPDX-License-Identifier: Apache-2.0
// A folder with a model and a video, for tests that run scripts and programs.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "process.h"
#include "temp_dir.h"
#include "test_model.h"

namespace novelty::testing {

inline std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// Runs with the stand-in backend, for which a bright picture is novel: the elements and the
/// scripts are what is tested here, not the networks.
class WithFootage : public ::testing::Test {
 protected:
  void SetUp() override {
    write_test_model(model());
    const Finished made =
        run({"gst-launch-1.0", "-q", "videotestsrc", "num-buffers=45", "pattern=white", "!",
             "video/x-raw,width=160,height=120,framerate=15/1", "!", "x264enc", "key-int-max=15",
             "!", "h264parse", "!", "mp4mux", "!", "filesink", "location=" + video()});
    ASSERT_EQ(made.status, 0) << made.output;
  }

  Finished run(const std::vector<std::string>& arguments, std::vector<std::string> environment = {},
               int limit_s = 60) const {
    environment.push_back("GST_REGISTRY_1_0=" + dir_ / "registry.bin");
    return run_program(arguments, dir_.path(), environment, limit_s);
  }

  std::string model() const { return dir_ / "test.novelty"; }
  std::string video() const { return dir_ / "white.mp4"; }
  std::string in_folder(const std::string& name) const { return dir_ / name; }
  static std::string script(const std::string& name) {
    return variable("NOVELTY_SOURCE_ROOT") + "/pipelines/" + name;
  }
  static std::string built(const std::string& name) {
    return variable("NOVELTY_BUILD_ROOT") + "/" + name;
  }

  /// Finished files below `folder` with this ending.
  std::size_t count_files(const std::string& folder, const std::string& ending) const {
    std::error_code none;
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(in_folder(folder), none)) {
      count += entry.is_regular_file() && entry.path().string().ends_with(ending) ? 1 : 0;
    }
    return count;
  }

 private:
  TempDir dir_;
};

}  // namespace novelty::testing
