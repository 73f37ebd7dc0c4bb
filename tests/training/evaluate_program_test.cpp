// SPDX-License-Identifier: Apache-2.0
// `novelty evaluate` as a user runs it, with the stand-in backend.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
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
using testing::write_text;

constexpr const char* kLabels =
    R"({"a.mkv": {"frames": 30, "train": [[0, 9]], "normal": [[10, 14]], "novel": [[15, 29]]},
        "b.mkv": {"frames": 24, "train": [[0, 11]], "normal": [[12, 17]], "novel": [[18, 23]]}})";

class Evaluate : public ::testing::Test {
 protected:
  Evaluate() {
    std::filesystem::create_directory(file("clips"));
    testing::make_video(file("clips/a.mkv"), 30);
    testing::make_video(file("clips/b.mkv"), 24, "smpte");
    testing::make_tiny_teacher(file("t.safetensors"));
    write_text(file("clips/labels.json"), kLabels);
  }

  std::string file(const std::string& name) const { return folder_ / name; }

  std::vector<std::string> command(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{testing::novelty_program(),
                                 "evaluate",
                                 "video",
                                 "--data",
                                 "clips",
                                 "--out",
                                 "out",
                                 "--teacher",
                                 "t.safetensors"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ChildResult run(const std::vector<std::string>& more = {}) const {
    return testing::run_child(command(more), folder_.path());
  }
  ChildResult convert(const std::vector<std::string>& more) const {
    std::vector<std::string> all{testing::novelty_program(), "evaluate", "labels"};
    all.insert(all.end(), more.begin(), more.end());
    return testing::run_child(all, folder_.path());
  }

  testing::TempDir folder_;
};

void expect_refused(const ChildResult& result, int status, const std::string& words) {
  EXPECT_EQ(result.status, status) << result.err;
  EXPECT_EQ(result.err.find("distilling"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
}

TEST_F(Evaluate, WritesAllResultsAndGoesOnWithItsModels) {
  const ChildResult first = run();
  ASSERT_EQ(first.status, 0) << first.err;
  for (const char* part : {"AUROC", "found", "OpenCV MOG2", "a.mkv: ", "b.mkv: ", "report.html"})
    EXPECT_NE(first.out.find(part), std::string::npos) << part << first.out;
  for (const char* name : {"report.html", "result.csv", "frames/a.mkv.jsonl", "frames/b.mkv.jsonl",
                           "models/a.mkv.novelty", "models/a.mkv.html"})
    EXPECT_TRUE(std::filesystem::is_regular_file(file(std::string("out/") + name))) << name;
  const json result = json::parse(text_of(file("out/result.json")));
  const json& rows = result.at("clips").at("b.mkv").at("rows");
  EXPECT_EQ(rows.size(), 7U);
  for (const char* name : {"novelty", "discrepancy", "density", "mog2", "mog2_plain"})
    EXPECT_GT(rows.at(name).at("threshold").get<double>(), 0) << name;

  const ChildResult again = run();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("distilling"), std::string::npos) << again.err;
  EXPECT_EQ(json::parse(text_of(file("out/result.json"))), result);
  const ChildResult seeded = run({"b", "--seed", "1"});
  EXPECT_NE(seeded.err.find("b.mkv (1/1) distilling"), std::string::npos) << seeded.err;
}

TEST_F(Evaluate, GoesOnAfterAKill) {
  testing::Child child(command(), folder_.path());
  child.wait_until([&] { return child.err().find("b.mkv (2/2) distilling") != std::string::npos; });
  child.send(SIGKILL);
  EXPECT_EQ(child.finish().status, 128 + SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(file("out/report.html")));
  const ChildResult again = run();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("a.mkv (1/2) distilling"), std::string::npos) << again.err;
  EXPECT_FALSE(std::filesystem::exists(file("out/models/b.mkv.novelty.work")));
}

TEST_F(Evaluate, RefusesFaultsBeforeItTrains) {
  expect_refused(run({"c"}), 1, "c: no such clip in the labels");
  expect_refused(run({"--labels", "gone.json"}), 1, "gone.json");
  write_text(file("l.json"),
             R"({"c.mkv": {"frames": 30, "train": [[0, 9]], "novel": [[15, 29]]}})");
  expect_refused(run({"--labels", "l.json"}), 1, "c.mkv");
  write_text(file("l.json"),
             R"({"a.mkv": {"frames": 31, "train": [[0, 9]], "novel": [[15, 29]]}})");
  expect_refused(run({"--labels", "l.json"}), 1, "has 30 frames, its labels say 31");
  write_text(file("l.json"), R"({"a.mkv": {"frames": 30, "train": [[0, 9]], "novel": [[9, 29]]}})");
  expect_refused(run({"--labels", "l.json"}), 1, "overlaps");
  write_text(file("plain"), "no folder");
  expect_refused(run({"--out", "plain"}), 1, "plain");
  expect_refused(run({"--seed", "-1"}), 2, "--seed");
  EXPECT_FALSE(std::filesystem::exists(file("out/models/a.mkv.novelty.work")));
  expect_refused(testing::run_child({testing::novelty_program(), "evaluate"}, file("")), 2,
                 "classes or labels");
}

TEST_F(Evaluate, MakesLabelsOfFlags) {
  std::string flags;
  for (int i = 0; i < 30; ++i) flags += i < 15 ? "0\n" : "1\n";
  write_text(file("a.txt"), flags);
  const ChildResult made = convert({"a.mkv=a.txt", "--train", "0-9", "-o", "made.json"});
  ASSERT_EQ(made.status, 0) << made.err;
  const json clip = json::parse(text_of(file("made.json"))).at("a.mkv");
  EXPECT_EQ(clip.at("train"), json::parse("[[0, 9]]"));
  EXPECT_EQ(clip.at("normal"), json::parse("[[10, 14]]"));
  EXPECT_EQ(clip.at("novel"), json::parse("[[15, 29]]"));
  expect_refused(convert({"a.mkv=a.txt", "--train", "0-15", "-o", "m.json"}), 1, "is novel");
  expect_refused(convert({"a.mkv=a.txt", "--train", "0-5", "-o", "m.json"}), 1, "frames to learn");
  expect_refused(convert({"a.txt", "--train", "0-5", "-o", "m.json"}), 2, "CLIP=SOURCE");
  expect_refused(convert({"a.mkv=a.txt", "-o", "m.json"}), 2, "--train");
  EXPECT_FALSE(std::filesystem::exists(file("m.json")));
}

}  // namespace
}  // namespace novelty
