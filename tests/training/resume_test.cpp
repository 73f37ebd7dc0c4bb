// SPDX-License-Identifier: Apache-2.0
// kill -9 in each stage of training, then --resume: the bundle is byte-equal to an unbroken run's.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "child.h"
#include "made_files.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::Child;
using testing::ChildResult;
using testing::TempDir;

class KilledTraining : public ::testing::Test {
 protected:
  KilledTraining() {
    testing::make_video(folder_ / "v.mp4", 16);
    testing::make_tiny_teacher(folder_ / "t.safetensors");
  }

  std::vector<std::string> command(const std::string& model, bool resume) const {
    std::vector<std::string> arguments{testing::novelty_program(),
                                       "train",
                                       "v.mp4",
                                       "-o",
                                       model,
                                       "--teacher",
                                       "t.safetensors",
                                       "--epochs",
                                       "40",
                                       "--threads",
                                       "1"};
    if (resume) arguments.emplace_back("--resume");
    return arguments;
  }

  std::string unbroken() const {
    const ChildResult result = testing::run_child(command("whole.novelty", false), folder_.path());
    EXPECT_EQ(result.status, 0) << result.err;
    return testing::text_of(folder_ / "whole.novelty");
  }

  using Reached = std::function<bool(const Child&)>;

  /// Starts a run, or goes on with it, and ends it by `signal` once `reached` says so.
  void break_off(int signal, bool resume, const Reached& reached) {
    Child child(command("broken.novelty", resume), folder_.path());
    child.wait_until([&] { return reached(child); });
    child.send(signal);
    const int status = child.finish().status;
    if (signal == SIGINT)
      EXPECT_EQ(status, 130) << child.err();
    else if (status == 128 + SIGKILL)
      ++killed_;
    else
      EXPECT_EQ(status, 0) << child.err();  // the last stages can be over before the kill
  }

  /// Goes on to the end and gives the bundle.
  std::string go_on() const {
    const ChildResult end = testing::run_child(command("broken.novelty", true), folder_.path());
    EXPECT_EQ(end.status, 0) << end.err;
    return testing::text_of(folder_ / "broken.novelty");
  }

  std::string killed(const Reached& reached) {
    break_off(SIGKILL, false, reached);
    return go_on();
  }

  bool work_holds(const char* name, std::uintmax_t least_bytes) const {
    std::error_code none;
    const auto size = std::filesystem::file_size(folder_ / "broken.novelty.work/" + name, none);
    return !none && size >= least_bytes;
  }

  TempDir folder_;
  int killed_ = 0;
};

bool says(const Child& child, const char* stage) {
  return child.err().find(stage) != std::string::npos;
}

TEST_F(KilledTraining, GoesOnToTheSameBytesFromEveryStage) {
  const std::string whole = unbroken();
  ASSERT_FALSE(whole.empty());
  EXPECT_EQ(killed([&](const Child&) { return work_holds("cache.bin", 1); }), whole) << "features";
  EXPECT_EQ(killed([](const Child& child) { return says(child, "calibrating"); }), whole)
      << "calibrating";
  EXPECT_EQ(killed([](const Child& child) { return says(child, "writing"); }), whole) << "writing";
  const auto distilling = [](const Child& child) { return says(child, "distilling"); };
  break_off(SIGINT, false, distilling);  // leaves a checkpoint, as one is every 20 s
  EXPECT_TRUE(work_holds("checkpoint.safetensors", 1));
  break_off(SIGKILL, true, distilling);
  EXPECT_EQ(go_on(), whole) << "distilling";
  EXPECT_GE(killed_, 2);
}

}  // namespace
}  // namespace novelty
