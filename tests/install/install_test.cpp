// SPDX-License-Identifier: Apache-2.0
// An installation that was moved: program, plugin, library, manual and completion.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "child.h"
#include "made_files.h"
#include "temp_dir.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;
using testing::ChildResult;
using testing::run_child;
using testing::TempDir;
using testing::text_of;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

class Installation : public ::testing::Test {
 protected:
  /// Installs once for all tests, and moves what was installed.
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>();
    const ChildResult installed =
        run_child({variable("NOVELTY_MESON"), "install", "-C", variable("NOVELTY_BUILD_ROOT"),
                   "--no-rebuild", "--quiet", "--destdir", *folder_ / "stage"},
                  folder_->path());
    ASSERT_EQ(installed.status, 0) << installed.out << installed.err;
    fs::rename((*folder_ / "stage") + variable("NOVELTY_PREFIX"), root());
    fs::remove_all(*folder_ / "stage");
  }

  static void TearDownTestSuite() { folder_.reset(); }

  static std::string root() { return *folder_ / "moved to, here"; }
  static std::string library_folder() { return root() + "/" + variable("NOVELTY_LIBDIR"); }
  static std::string plugin_folder() { return library_folder() + "/gstreamer-1.0"; }

  /// Runs a command that finds the installation, and nothing of the build.
  static ChildResult run(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"env",
                                 "-u",
                                 "NOVELTY_BACKEND_DIR",
                                 "GST_PLUGIN_PATH_1_0=" + plugin_folder(),
                                 "GST_REGISTRY_1_0=" + (*folder_ / "registry.bin"),
                                 "PKG_CONFIG_PATH=" + library_folder() + "/pkgconfig",
                                 "LD_LIBRARY_PATH=" + library_folder(),
                                 "PATH=" + root() + "/bin:" + variable("PATH")};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_child(all, folder_->path());
  }

  static bool has_program(const std::string& name) {
    return run({"sh", "-c", "command -v " + name}).status == 0;
  }

 private:
  static inline std::unique_ptr<TempDir> folder_;
};

TEST_F(Installation, HasAProgramThatFindsAllItsParts) {
  const ChildResult doctor = run({"novelty", "doctor"});
  EXPECT_NE(doctor.out.find(plugin_folder() + "/libgstnovelty.so"), std::string::npos)
      << doctor.out;
  if (!fs::exists(library_folder() + "/novelty/libnovelty-torch.so"))
    GTEST_SKIP() << "built without LibTorch, which the doctor tells: " << doctor.out;
  EXPECT_EQ(doctor.status, 0) << doctor.out << doctor.err;
  EXPECT_NE(doctor.out.find("ok    LibTorch    LibTorch "), std::string::npos) << doctor.out;
}

TEST_F(Installation, HasElementsThatGStreamerInspects) {
  if (!has_program("gst-inspect-1.0")) GTEST_SKIP() << "gst-inspect-1.0 is not installed";
  for (const char* element : {"noveltydetect", "noveltyoverlay", "noveltyrecord"}) {
    const ChildResult inspected = run({"gst-inspect-1.0", element});
    EXPECT_EQ(inspected.status, 0) << inspected.err;
    EXPECT_NE(inspected.out.find(plugin_folder()), std::string::npos) << inspected.out;
  }
}

TEST_F(Installation, CompilesAndLinksAProgramWithPkgConfig) {
  if (!has_program("pkg-config") || !has_program("c++"))
    GTEST_SKIP() << "pkg-config or a compiler is not installed";
  const std::string source = variable("NOVELTY_SOURCE_ROOT") + "/examples/01_score_image.cpp";
  const ChildResult compiled = run({"sh", "-c",
                                    "eval c++ -std=c++20 -o score_image '\"$1\"' \"$(pkg-config "
                                    "--cflags --libs novelty)\"",
                                    "sh", source});
  ASSERT_EQ(compiled.status, 0) << compiled.err;
  const ChildResult refused = run({"./score_image", "none.novelty", "none.ppm"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("none.novelty"), std::string::npos) << refused.err;
}

TEST_F(Installation, HasAManualOfEveryCommand) {
  const std::string page = root() + "/share/man/man1/novelty.1";
  if (!fs::exists(page)) GTEST_SKIP() << "cross-compiled: no manual";
  const std::string text = text_of(page);
  for (const char* part : {".SH NAME", ".SS novelty train", ".B \\-\\-max\\-frames=N",
                           ".SS novelty evaluate video", ".SS novelty doctor"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

/// What the completion offers for the last of `words`.
std::string offered_for(const std::string& words, const std::string& script) {
  return "source '" + script + "'; COMP_WORDS=(" + words +
         "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _novelty; echo \"${COMPREPLY[*]}\"";
}

TEST_F(Installation, CompletesCommandsAndTheirOptions) {
  if (!has_program("bash")) GTEST_SKIP() << "bash is not installed";
  const std::string script = root() + "/share/bash-completion/completions/novelty";
  EXPECT_EQ(run({"bash", "-c", offered_for("novelty calib", script)}).out, "calibrate\n");
  EXPECT_EQ(run({"bash", "-c", offered_for("novelty evaluate vi", script)}).out, "video\n");
  EXPECT_EQ(run({"bash", "-c", offered_for("novelty train x.mp4 --ma", script)}).out,
            "--max-frames --mask --mask-ratio\n");
  EXPECT_EQ(run({"bash", "-c", offered_for("novelty train x.m", script)}).out, "\n");
}

TEST_F(Installation, HasThePlaceOfTheModels) {
  EXPECT_TRUE(fs::is_directory(root() + "/share/novelty/models"));
}

}  // namespace
}  // namespace novelty
