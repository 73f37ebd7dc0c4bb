// SPDX-License-Identifier: Apache-2.0
// `novelty distill` as a user runs it: the file, --resume after a kill, the probe, what it refuses.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "base/safetensors.h"
#include "child.h"
#include "made_files.h"
#include "nn/vit_config.h"
#include "temp_dir.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;
using testing::Child;
using testing::ChildResult;
using testing::TempDir;

constexpr int kImages = 12;

bool real_backend() {
  return std::string(std::getenv("NOVELTY_BACKEND_DIR")).find("fake") == std::string::npos;
}

class Distill : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!real_backend()) GTEST_SKIP() << "this build has no LibTorch backend";
    testing::make_tiny_teacher(folder_ / "t.safetensors");
    fs::create_directory(folder_ / "photos");
    for (unsigned i = 0; i < kImages; ++i)
      testing::make_image(folder_ / ("photos/" + std::to_string(i) + ".png"), 80, 60,
                          0x102030U * (i + 1));
  }

  std::vector<std::string> command(const std::string& output,
                                   std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{testing::novelty_program(),
                                       "distill",
                                       "photos",
                                       "-o",
                                       output,
                                       "--teacher",
                                       "t.safetensors",
                                       "--width",
                                       "64",
                                       "--depth",
                                       "1",
                                       "--threads",
                                       "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  ChildResult run(const std::vector<std::string>& arguments) const {
    return testing::run_child(arguments, folder_.path());
  }

  TempDir folder_;
};

TEST_F(Distill, WritesATimmNamedTeacherInHalfPrecision) {
  const ChildResult result = run(command("c.safetensors", {"--epochs", "2"}));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto file = SafetensorsFile::read(folder_ / "c.safetensors");
  EXPECT_EQ(infer_vit_config(file.tensors()).depth, 1);
  for (const auto& [name, tensor] : file.tensors()) EXPECT_EQ(tensor.dtype, DType::kF16) << name;
  EXPECT_EQ(file.metadata().at("distilled_from"), "t.safetensors");
  EXPECT_NE(result.out.find("24 views"), std::string::npos) << result.out;
  EXPECT_FALSE(fs::exists(folder_ / "c.safetensors.work"));
}

TEST_F(Distill, TrainTakesItAsTeacher) {
  ASSERT_EQ(run(command("c.safetensors", {"--epochs", "1"})).status, 0);
  const ChildResult result =
      run({testing::novelty_program(), "train", "photos", "-o", "m.novelty", "--teacher",
           "c.safetensors", "--epochs", "1", "--preset", "camera", "--threads", "1"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out.find("normalisation"), std::string::npos) << result.out;
}

TEST_F(Distill, GoesOnToTheSameBytesAfterAKill) {
  ASSERT_EQ(run(command("whole.safetensors", {"--epochs", "30"})).status, 0);
  for (const std::string file : {"cache.bin", "checkpoint.safetensors"}) {
    Child child(command("broken.safetensors", {"--epochs", "30"}), folder_.path());
    const std::string awaited = folder_ / ("broken.safetensors.work/" + file);
    EXPECT_TRUE(child.wait_until([&] { return fs::exists(awaited); })) << file;
    child.send(SIGKILL);
    child.finish();
    const ChildResult end = run(command("broken.safetensors", {"--epochs", "30", "--resume"}));
    ASSERT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(testing::text_of(folder_ / "broken.safetensors"),
              testing::text_of(folder_ / "whole.safetensors"))
        << file;
    fs::remove(folder_ / "broken.safetensors");
  }
}

TEST_F(Distill, ProbesFeaturesAfterEachPass) {
  for (const std::string name : {"dark", "bright"}) {
    fs::create_directories(folder_ / ("classes/train/" + name));
    for (unsigned i = 0; i < 60; ++i)
      testing::make_image(folder_ / ("classes/train/" + name + "/" + std::to_string(i) + ".png"),
                          32, 32, name == "dark" ? 0x000100U * i : 0xff0000U + i);
  }
  const ChildResult result = run(command("c.safetensors", {"--epochs", "2", "--probe", "classes"}));
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char* line : {"after 0 passes: one class against all AUROC ",
                           "after 2 passes: one class against all AUROC "})
    EXPECT_NE(result.out.find(line), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("k-NN accuracy 1.000"), std::string::npos) << result.out;
}

TEST_F(Distill, RefusesWhatCannotBe) {
  const ChildResult width = run(command("c.safetensors", {"--width", "65"}));
  EXPECT_EQ(width.status, 1);
  EXPECT_NE(width.err.find("use a multiple of 64"), std::string::npos) << width.err;
  const ChildResult other = run(command("c.safetensors", {"--probe", "photos"}));
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.err.find("train/CLASS/IMAGE"), std::string::npos) << other.err;
  testing::make_video(folder_ / "v.mp4", 5);
  auto video = command("c.safetensors");
  video.at(2) = "v.mp4";
  EXPECT_EQ(run(video).status, 2);
  EXPECT_FALSE(fs::exists(folder_ / "c.safetensors"));
}

}  // namespace
}  // namespace novelty
