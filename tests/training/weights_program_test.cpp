// SPDX-License-Identifier: Apache-2.0
// The program's teachers as a user meets them: the embedded one in an installed tree that may lie
// anywhere, and `novelty weights`. With the stand-in backend.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "child.h"
#include "http_server.h"
#include "made_files.h"
#include "temp_dir.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;
using testing::ChildResult;
using testing::TempDir;
using testing::text_of;

constexpr const char* kDino = "vit_small_patch8_224.dino";

/// A tree with bin/novelty, without a teacher at first, and a user without a cache.
class Weights : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(file("tree/bin"));
    fs::copy_file(testing::novelty_program(), file("tree/bin/novelty"));
  }

  ChildResult run(std::vector<std::string> arguments, const std::string& endpoint = {}) const {
    arguments.insert(arguments.begin(),
                     {"env", "-u", "NOVELTY_WEIGHTS", "XDG_CACHE_HOME=" + file("cache"),
                      "no_proxy=127.0.0.1", "HF_ENDPOINT=" + endpoint, file("tree/bin/novelty")});
    return testing::run_child(arguments, folder_.path());
  }

  ChildResult train(const std::vector<std::string>& more = {}) const {
    if (!fs::exists(file("bars.mp4"))) testing::make_video(file("bars.mp4"), 20, "smpte");
    std::vector<std::string> all{"train", "bars.mp4", "-o", "m.novelty", "--epochs", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }

  /// Half floats, as it is shipped.
  void install_teacher(const std::string& tree = "tree") const {
    fs::create_directories(file(tree + "/share/novelty/models"));
    testing::make_tiny_teacher(
        file(tree + "/share/novelty/models/vit_nano_patch16_224.safetensors"), true);
  }

  std::string file(const std::string& name) const { return folder_ / name; }

  TempDir folder_;
};

void expect_one_line(const ChildResult& result, int status, const std::string& words) {
  EXPECT_EQ(result.status, status) << result.err;
  const auto line = result.err.rfind("novelty: ");
  ASSERT_NE(line, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find('\n', line), result.err.size() - 1) << result.err;
  EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
}

TEST_F(Weights, TrainTakesTheEmbeddedTeacherOfItsTree) {
  install_teacher();
  const ChildResult trained = train();
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_NE(trained.out.find("vit_nano_patch16_224.safetensors (0.3 MB, embedded)"),
            std::string::npos)
      << trained.out;
  EXPECT_NE(trained.out.find("novelty weights get vit_tiny_patch16_224"), std::string::npos);
  const ChildResult info = run({"info", "m.novelty"});
  EXPECT_NE(info.out.find("teacher      vit_nano_patch16_224.safetensors (64 wide, 2 blocks)"),
            std::string::npos)
      << info.out;
}

TEST_F(Weights, TheTreeMayBeMoved) {
  install_teacher();
  fs::rename(file("tree"), file("moved"));
  fs::create_directories(file("tree/bin"));
  fs::create_symlink(file("moved/bin/novelty"), file("tree/bin/novelty"));
  const ChildResult list = run({"weights", "list"});
  EXPECT_EQ(list.status, 0) << list.err;
  EXPECT_NE(list.out.find("embedded: " + file("moved/share/novelty/models")), std::string::npos)
      << list.out;
}

TEST_F(Weights, TrainNeedsATeacher) {
  expect_one_line(train(), 1, "reinstall the program, or name another with --teacher");
  EXPECT_FALSE(fs::exists(file("m.novelty")));
  const ChildResult doctor = run({"doctor"});
  EXPECT_NE(doctor.out.find("FAIL  teacher"), std::string::npos) << doctor.out;
}

TEST_F(Weights, WhatIsInTheCacheGoesFirstUnlessNanoIsAskedFor) {
  install_teacher();
  fs::create_directories(file("cache/novelty"));
  const std::string cached = file("cache/novelty/") + kDino + ".safetensors";
  testing::make_tiny_teacher(cached);
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--teacher", "vit_small_patch8"}}) {
    const ChildResult trained = train(options);
    EXPECT_EQ(trained.status, 0) << trained.err;
    EXPECT_NE(trained.out.find("teacher: " + cached), std::string::npos) << trained.out;
    EXPECT_EQ(trained.out.find("weights get"), std::string::npos) << trained.out;
  }
  EXPECT_NE(train({"--teacher", "nano"}).out.find("embedded"), std::string::npos);
  expect_one_line(train({"--teacher", "vit_tiny"}), 1, "novelty weights get vit_tiny");
  EXPECT_NE(run({"doctor"}).out.find("ok    teacher     " + cached), std::string::npos);
}

TEST_F(Weights, ListsTheKnownTeachersAndWhatTrainTakes) {
  install_teacher();
  const ChildResult list = run({"weights", "list"});
  EXPECT_EQ(list.status, 0) << list.err;
  for (const char* part : {"vit_nano_patch16_224 ", "vit_tiny_patch16_224.augreg", "not here",
                           "no SHA-256 known", "reg4_dinov2", "'novelty train' takes "})
    EXPECT_NE(list.out.find(part), std::string::npos) << list.out;
}

TEST_F(Weights, GetsOneIntoTheCache) {
  testing::make_tiny_teacher(file("made"));
  const testing::HttpServer server({text_of(file("made"))});
  const ChildResult refused = run({"weights", "get", kDino}, server.endpoint());
  if (refused.err.find("built without libcurl") != std::string::npos)
    GTEST_SKIP() << "built without libcurl";
  expect_one_line(refused, 1, "--unverified");
  const ChildResult got = run({"weights", "get", kDino, "--unverified"}, server.endpoint());
  EXPECT_EQ(got.status, 0) << got.err;
  EXPECT_NE(got.out.find("not verified"), std::string::npos) << got.out;
  EXPECT_TRUE(text_of(file("cache/novelty/") + kDino + ".safetensors") == text_of(file("made")));
  expect_one_line(run({"weights", "get", "vit_tiny"}, server.endpoint()), 1, "instead of fecf81b4");
  EXPECT_FALSE(fs::exists(file("cache/novelty/") + "vit_tiny_patch16_224.augreg_in21k_ft_in1k"));
}

TEST_F(Weights, RefusesWrongWords) {
  expect_one_line(run({"weights"}), 2, "novelty weights --help");
  expect_one_line(run({"weights", "list", "all"}), 2, "novelty weights --help");
  expect_one_line(run({"weights", "get"}), 2, "novelty weights --help");
  expect_one_line(run({"weights", "get", "vit_huge"}), 1, "novelty weights list");
  expect_one_line(run({"weights", "get", "vit_small"}), 1, "more of the name");
  expect_one_line(run({"weights", "get", "nano"}), 1, "comes with the program");
}

}  // namespace
}  // namespace novelty
