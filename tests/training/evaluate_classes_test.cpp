// SPDX-License-Identifier: Apache-2.0
// `novelty evaluate classes` as a user runs it, with the stand-in backend, which knows brightness.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "child.h"
#include "made_files.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::ChildResult;
using testing::text_of;

class EvaluateClasses : public ::testing::Test {
 protected:
  EvaluateClasses() {
    draw("train/dark", 24, 0x202020);
    draw("train/bright", 24, 0xc0c0c0);
    draw("test/dark", 6, 0x202020);
    draw("test/bright", 5, 0xc0c0c0);
    testing::make_tiny_teacher(file("t.safetensors"));
  }

  // Images of about one brightness, each a little brighter than the one before.
  void draw(const std::string& folder, unsigned count, unsigned rgb) const {
    std::filesystem::create_directories(file("data/" + folder));
    for (unsigned i = 0; i < count; ++i)
      testing::make_image(file("data/" + folder + "/" + std::to_string(100 + i) + ".png"), 32, 32,
                          rgb + i % 7 * 0x010101);
  }

  std::string file(const std::string& name) const { return folder_ / name; }

  std::vector<std::string> command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{testing::novelty_program(), "evaluate", "classes"};
    for (const char* part : {"--data", "data", "--out", "out", "--teacher", "t.safetensors"})
      all.emplace_back(part);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ChildResult run(const std::vector<std::string>& more = {}) const {
    return testing::run_child(command(more), folder_.path());
  }
  json result() const { return json::parse(text_of(file("out/result.json"))); }

  testing::TempDir folder_;
};

TEST_F(EvaluateClasses, RanksEachClassAgainstAllAndKeepsWhatIsThere) {
  const ChildResult first = run();
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_NE(first.out.find("mean"), std::string::npos) << first.out;
  for (const char* name : {"report.html", "scores.jsonl", "models/dark.novelty", "models/dark.html",
                           "models/bright.novelty"})
    EXPECT_TRUE(std::filesystem::is_regular_file(file(std::string("out/") + name))) << name;
  const json one = result();
  EXPECT_EQ(one.at("classes").at("dark").at("auroc").at("score"), 1.0) << one;
  EXPECT_EQ(one.at("classes").at("dark").at("normal"), 6);
  EXPECT_EQ(one.at("classes").at("dark").at("novel"), 5);
  EXPECT_EQ(one.at("classes").at("bright").at("trained"), 24);
  EXPECT_EQ(one.at("scored"), "test");

  const ChildResult again = run();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("distilling"), std::string::npos) << again.err;
  EXPECT_EQ(again.err.find("scoring"), std::string::npos) << again.err;
  EXPECT_EQ(result().at("classes"), one.at("classes"));
}

TEST_F(EvaluateClasses, HoldsOutTrainingImagesForChoosing) {
  const ChildResult held = run({"--classes", "dark", "--holdout", "4", "--train-count", "16"});
  ASSERT_EQ(held.status, 0) << held.err;
  const json one = result();
  EXPECT_EQ(one.at("classes").size(), 1U);
  EXPECT_EQ(one.at("classes").at("dark").at("trained"), 16);
  EXPECT_EQ(one.at("classes").at("dark").at("normal"), 4);
  EXPECT_EQ(one.at("classes").at("dark").at("novel"), 4);
  EXPECT_EQ(text_of(file("out/scores.jsonl")).find("test/"), std::string::npos);
}

TEST_F(EvaluateClasses, GoesOnWithScoresThatAKillCutOff) {
  ASSERT_EQ(run().status, 0);
  const json whole = result();
  std::string text = text_of(file("out/scores.jsonl"));
  testing::write_text(file("out/scores.jsonl"), text.substr(0, text.size() / 2));
  const ChildResult again = run();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("distilling"), std::string::npos) << again.err;
  EXPECT_EQ(text_of(file("out/scores.jsonl")), text);
  EXPECT_EQ(result().at("classes"), whole.at("classes"));
}

TEST_F(EvaluateClasses, KeepsFinishedClassesOnCtrlC) {
  testing::Child child(command(), folder_.path());
  ASSERT_TRUE(child.wait_until(
      [&] { return child.err().find("dark (2/2) distilling") != std::string::npos; }));
  child.send(SIGINT);
  const ChildResult stopped = child.finish();
  EXPECT_EQ(stopped.status, 130);
  EXPECT_NE(stopped.err.find("run it again to go on"), std::string::npos) << stopped.err;
  const ChildResult again = run();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("bright (1/2) distilling"), std::string::npos) << again.err;
}

TEST_F(EvaluateClasses, RefusesFaultsBeforeItTrains) {
  const auto expect_refused = [&](const std::vector<std::string>& more, int status,
                                  const std::string& words) {
    const ChildResult result = run(more);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("distilling"), std::string::npos) << result.err;
  };
  expect_refused({"--classes", "dim"}, 1, "there is no class \"dim\"");
  expect_refused({"--holdout", "24"}, 1, "leaves none");
  expect_refused({"--train-count", "3"}, 2, "--train-count");
  expect_refused({"--data", "gone"}, 1, "gone");
  expect_refused({"--data", "data/train"}, 1, "has no test images");
  expect_refused({"--data", "data/test"}, 1, "fewer than two classes");
  expect_refused({"more"}, 2, "--data");
}

TEST_F(EvaluateClasses, ImagesAreTrainedOnAsWholesUnlessToldOtherwise) {
  const auto train = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{testing::novelty_program(),
                                 "train",
                                 "data/train/dark",
                                 "-o",
                                 "m.novelty",
                                 "--teacher",
                                 "t.safetensors",
                                 "--epochs",
                                 "1"};
    all.insert(all.end(), more.begin(), more.end());
    const ChildResult trained = testing::run_child(all, folder_.path());
    EXPECT_EQ(trained.status, 0) << trained.err;
    const ChildResult info =
        testing::run_child({testing::novelty_program(), "info", "m.novelty"}, folder_.path());
    return trained.out + info.out;
  };
  const std::string semantic = train({});
  EXPECT_NE(semantic.find("preset:  semantic"), std::string::npos) << semantic;
  EXPECT_NE(semantic.find("score        of whole pictures"), std::string::npos) << semantic;
  const std::string camera = train({"--preset", "camera"});
  EXPECT_EQ(camera.find("semantic"), std::string::npos) << camera;
  EXPECT_NE(camera.find("preset       camera"), std::string::npos) << camera;
}

}  // namespace
}  // namespace novelty
