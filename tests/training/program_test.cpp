// SPDX-License-Identifier: Apache-2.0
// The program `novelty` as a user runs it, with the stand-in backend.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "child.h"
#include "made_files.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::ChildResult;
using testing::make_video;
using testing::run_child;
using testing::TempDir;
using testing::text_of;

class Novelty : public ::testing::Test {
 protected:
  ChildResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), testing::novelty_program());
    return run_child(arguments, folder_.path());
  }

  /// The same with variables set: "NAME=value".
  ChildResult run_with(const std::vector<std::string>& variables,
                       const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"env"};
    all.insert(all.end(), variables.begin(), variables.end());
    all.push_back(testing::novelty_program());
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_child(all, folder_.path());
  }

  /// A model of 40 frames of bars with a little noise.
  void train() const {
    make_video(file("bars.mp4"), 40, "smpte");
    testing::make_tiny_teacher(file("tiny.safetensors"));
    const ChildResult trained = run({"train", "bars.mp4", "-o", "bars.novelty", "--teacher",
                                     "tiny.safetensors", "--epochs", "2"});
    ASSERT_EQ(trained.status, 0) << trained.err;
  }

  std::string file(const std::string& name) const { return folder_ / name; }

  std::vector<json> rows(const std::string& name) const {
    std::istringstream lines(text_of(file(name)));
    std::vector<json> parsed;
    for (std::string line; std::getline(lines, line);) parsed.push_back(json::parse(line));
    return parsed;
  }

  TempDir folder_;
};

/// One line that begins as all errors do.
void expect_one_line(const ChildResult& result, int status, const std::string& words) {
  EXPECT_EQ(result.status, status) << result.err;
  EXPECT_TRUE(result.err.starts_with("novelty: ")) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
}

TEST_F(Novelty, TeachesEachCommandWithExamples) {
  const ChildResult all = run({"--help"});
  EXPECT_EQ(all.status, 0);
  for (const char* command : {"train", "score", "calibrate", "feedback", "compare", "review",
                              "evaluate", "weights", "info", "bench", "doctor", "scene"}) {
    EXPECT_NE(all.out.find(std::string("\n  ") + command), std::string::npos) << command;
    const ChildResult one = run({command, "--help"});
    EXPECT_EQ(one.status, 0) << command;
    EXPECT_NE(one.out.find(std::string("Examples:\n  novelty ") + command), std::string::npos)
        << one.out;
  }
}

TEST_F(Novelty, BenchTimesRandomNetworksAndThoseOfAModel) {
  const ChildResult random =
      run({"bench", "--seconds", "1", "--streams", "3", "--threads", "2", "--json", "b.json"});
  ASSERT_EQ(random.status, 0) << random.err;
  for (const char* part : {"ti: teacher 192 wide, 12 blocks; student 192 wide, 12 blocks",
                           "frames/s over 3 streams", "one frame on 2 threads", "MB resident"})
    EXPECT_NE(random.out.find(part), std::string::npos) << random.out;
  const json facts = json::parse(text_of(file("b.json")));
  const json& rate = facts.at("throughput");
  EXPECT_EQ(rate.at("streams"), 3);
  EXPECT_NEAR(rate.at("frames_per_second").get<double>() * rate.at("seconds").get<double>(),
              rate.at("frames").get<double>(), 1e-6 * rate.at("frames").get<double>());
  EXPECT_GE(rate.at("seconds").get<double>(), 1);
  for (const json& latency : facts.at("latency")) {
    EXPECT_GT(latency.at("frames").get<int>(), 0);
    EXPECT_LE(latency.at("p50_ms").get<double>(), latency.at("p95_ms").get<double>());
    EXPECT_LE(latency.at("p95_ms").get<double>(), latency.at("p99_ms").get<double>());
  }
  train();
  const ChildResult model = run({"bench", "bars.novelty", "--seconds", "1", "--json", "-"});
  ASSERT_EQ(model.status, 0) << model.err;
  EXPECT_EQ(json::parse(model.out).at("networks"), "bars.novelty");
  EXPECT_EQ(json::parse(model.out).at("teacher").at("width"), 64);
}

TEST_F(Novelty, BenchRefusesWhatItCannotRunInOneLine) {
  expect_one_line(run({"bench", "a", "b"}), 2, "one MODEL at most");
  expect_one_line(run({"bench", "a", "--model", "s"}), 2, "not both");
  expect_one_line(run({"bench", "--seconds", "0"}), 2, "--seconds");
  expect_one_line(run({"bench", "--model", "huge"}), 1, "ti, s or b");
  expect_one_line(run({"bench", "--precision", "fp8"}), 1, "use fp32, bf16 or int8");
  expect_one_line(run({"bench", "--isa", "sse"}), 1, "use auto, plain");
  expect_one_line(run({"bench", "missing.novelty"}), 1, "missing.novelty");
  expect_one_line(run({"bench", "--json", "no/such/folder.json"}), 1, "no/such");
}

TEST_F(Novelty, KeepsOpenCvAndItsBlasOutOfTheGlobalScope) {
  const ChildResult needed = run_child({"readelf", "-d", testing::novelty_program()}, file(""));
  ASSERT_EQ(needed.status, 0) << needed.err;
  std::istringstream lines(needed.out);
  std::string line, libraries;  // without RUNPATH, which may hold any word
  while (std::getline(lines, line))
    if (line.find("(NEEDED)") != std::string::npos) libraries += line;
  EXPECT_NE(libraries.find("libc.so"), std::string::npos) << needed.out;
  for (const char* library : {"opencv", "blas", "gst", "torch"})
    EXPECT_EQ(libraries.find(library), std::string::npos) << library;
}

TEST_F(Novelty, RefusesUnknownCommandsAndOptionsWithAHint) {
  expect_one_line(run({}), 2, "novelty --help");
  expect_one_line(run({"trian"}), 2, "unknown command 'trian'; see 'novelty --help'");
  expect_one_line(run({"train", "--fast"}), 2, "novelty train --help");
  expect_one_line(run({"train", "x.mp4"}), 2, "-o MODEL");
  expect_one_line(run({"train", "-o", "x.novelty"}), 2, "INPUT");
  expect_one_line(run({"train", "x", "-o", "y", "--threads", "-1"}), 2, "--threads");
  expect_one_line(run({"train", "x", "-o", "y", "--max-frames", "0"}), 2, "--max-frames");
  expect_one_line(run({"score", "only-a-model"}), 2, "INPUT");
  expect_one_line(run({"info"}), 2, "MODEL");
  expect_one_line(run({"doctor", "now"}), 2, "no arguments");
}

TEST_F(Novelty, NamesWhatIsWrongInOneLine) {
  testing::write_text(file("text.mp4"), "not a video");
  testing::make_tiny_teacher(file("tiny.safetensors"));
  expect_one_line(run({"train", "none.mp4", "-o", "m.novelty"}), 1, "none.mp4");
  expect_one_line(run({"train", "text.mp4", "-o", "no/such/m.novelty"}), 1, "no/such");
  expect_one_line(run({"train", "text.mp4", "-o", "m.novelty", "--frames", "9-1"}), 1, "--frames");
  expect_one_line(run({"train", "text.mp4", "-o", "m.novelty", "--teacher", "gone"}), 1, "gone");
  expect_one_line(run({"train", "text.mp4", "-o", "m.novelty", "--teacher", "tiny.safetensors"}), 1,
                  "is not a video");
  expect_one_line(run({"info", "text.mp4"}), 1, "text.mp4");
  expect_one_line(run({"score", "text.mp4", "text.mp4", "--jsonl", "no/such/file"}), 1, "no/such");
  for (const char* area : {"--roi=door", "--ignore=door"})
    expect_one_line(run({"score", "none.novelty", "text.mp4", area}), 1, "character 1: a number");
  expect_one_line(run({"score", "none.novelty", "text.mp4", "--roi", "none.png"}), 1, "none.png");
  EXPECT_FALSE(std::filesystem::exists(file("m.novelty")));
}

TEST_F(Novelty, TrainsAndTellsWhereThingsAre) {
  make_video(file("ball.mp4"), 40);
  const ChildResult trained =
      run({"train", "ball.mp4", "-o", "ball.novelty", "--frames", "0-29", "--max-frames", "20",
           "--epochs", "1", "--teacher",
           (testing::make_tiny_teacher(file("t.safetensors")), std::string("t.safetensors"))});
  ASSERT_EQ(trained.status, 0) << trained.err;
  for (const char* part :
       {"teacher: t.safetensors", "threshold ", "from 20 frames", "ball.novelty", "ball.html"})
    EXPECT_NE(trained.out.find(part), std::string::npos) << trained.out;
  for (const char* stage : {"features", "distilling", "calibrating", "writing"})
    EXPECT_NE(trained.err.find(stage), std::string::npos) << trained.err;
  EXPECT_NE(text_of(file("ball.html")).find("frame 28"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file("ball.novelty.work")));
  const ChildResult info = run({"info", "ball.novelty", "--json"});
  ASSERT_EQ(info.status, 0) << info.err;
  EXPECT_EQ(json::parse(info.out).at("id").get<std::string>().size(), 64U);
  EXPECT_NE(run({"info", "ball.novelty"}).out.find("t.safetensors"), std::string::npos);
}

TEST_F(Novelty, ScoresVideosAsStreams) {
  train();
  const ChildResult scored = run({"score", "bars.novelty", "bars.mp4", "--jsonl", "s.jsonl"});
  ASSERT_EQ(scored.status, 0) << scored.err;
  const auto lines = rows("s.jsonl");
  ASSERT_EQ(lines.size(), 40U);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].at("frame"), i);
    EXPECT_EQ(lines[i].at("pts_ns").get<std::int64_t>() - lines[0].at("pts_ns").get<std::int64_t>(),
              static_cast<std::int64_t>(i) * 100'000'000);
    EXPECT_TRUE(lines[i].at("score").is_number_float());
    EXPECT_TRUE(lines[i].at("novel").is_boolean() && lines[i].at("held").is_boolean());
    EXPECT_TRUE(lines[i].at("event_id").is_null() || lines[i].at("event_id").is_string());
    EXPECT_GT(lines[i].at("p_value").get<double>(), 0);
    EXPECT_FALSE(lines[i].contains("path"));
  }
  EXPECT_NE(scored.out.find("of 40 frames novel"), std::string::npos) << scored.out;
}

TEST_F(Novelty, ListsTheEventsItFinds) {
  train();
  make_video(file("pale.mp4"), 30, "smpte75");
  const ChildResult scored = run({"score", "bars.novelty", "pale.mp4", "--jsonl", "-"});
  ASSERT_EQ(scored.status, 0) << scored.err;
  EXPECT_NE(scored.err.find("peak score"), std::string::npos) << scored.err;
  EXPECT_EQ(std::count(scored.out.begin(), scored.out.end(), '\n'), 30);
  const json last =
      json::parse(scored.out.substr(scored.out.rfind('\n', scored.out.size() - 2) + 1));
  EXPECT_TRUE(last.at("event_id").is_string());
  EXPECT_TRUE(last.at("scene_change").is_null());
}

TEST_F(Novelty, ListsNoEventWhereTheSceneItselfChanged) {
  train();
  make_video(file("white.mp4"), 30, "white");
  const ChildResult scored = run({"score", "bars.novelty", "white.mp4", "--jsonl", "s.jsonl"});
  ASSERT_EQ(scored.status, 0) << scored.err;
  EXPECT_NE(scored.out.find("no events"), std::string::npos) << scored.out;
  EXPECT_NE(scored.out.find("the scene was changed"), std::string::npos) << scored.out;
  const auto lines = rows("s.jsonl");
  EXPECT_TRUE(lines.front().at("scene_change").is_null());
  EXPECT_EQ(lines.back().at("scene_change"), "relit");
}

TEST_F(Novelty, ScoresImagesOnTheirOwn) {
  train();
  std::filesystem::create_directories(file("in/deep"));
  testing::make_image(file("in/a.png"), 64, 48, 0);
  testing::make_image(file("in/deep/b.jpg"), 20, 90, 0xffffff);
  testing::write_text(file("in/bad.png"), "no image");
  const ChildResult scored = run({"score", "bars.novelty", "in", "--jsonl", "s.jsonl"});
  ASSERT_EQ(scored.status, 0) << scored.err;
  const auto lines = rows("s.jsonl");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at("path"), "in/a.png");
  EXPECT_EQ(lines[1].at("path"), "in/deep/b.jpg");
  EXPECT_FALSE(lines[0].contains("event_id") || lines[0].contains("held"));
  EXPECT_NE(scored.err.find("bad.png"), std::string::npos) << scored.err;
}

TEST_F(Novelty, CountsOnlyWhatTheMasksLeave) {
  train();
  testing::make_image(file("a.png"), 64, 64, 0x808080);
  const std::string left = "0,0 0.5,0 0.5,1 0,1", right = "0.5,0 1,0 1,1 0.5,1";
  const auto score = [&](const std::vector<std::string>& options) {
    std::vector<std::string> all{"score", "bars.novelty", "a.png", "--jsonl", "s.jsonl"};
    all.insert(all.end(), options.begin(), options.end());
    const ChildResult scored = run(all);
    EXPECT_EQ(scored.status, 0) << scored.err;
    return rows("s.jsonl").at(0).at("score").get<double>();
  };
  const double whole = score({});
  EXPECT_LE(score({"--roi", left}), whole);
  EXPECT_EQ(score({"--roi", left}), score({"--ignore", right}));
  EXPECT_EQ(score({"--roi", left + ";" + right}), whole);
  expect_one_line(run({"score", "bars.novelty", "a.png", "--roi", left, "--ignore", left}), 1,
                  "roi and ignore: no patch");
}

TEST_F(Novelty, LeavesNoHalfWrittenScores) {
  train();
  testing::write_text(file("text.mp4"), "not a video");
  expect_one_line(run({"score", "bars.novelty", "text.mp4", "--jsonl", "s.jsonl"}), 1, "text.mp4");
  EXPECT_FALSE(std::filesystem::exists(file("s.jsonl")));
  EXPECT_FALSE(std::filesystem::exists(file("s.jsonl.part")));
}

TEST_F(Novelty, KeepsACheckpointOnCtrlC) {
  make_video(file("ball.mp4"), 40);
  testing::make_tiny_teacher(file("tiny.safetensors"));
  testing::Child child({testing::novelty_program(), "train", "ball.mp4", "-o", "m.novelty",
                        "--teacher", "tiny.safetensors", "--epochs", "100000"},
                       folder_.path());
  ASSERT_TRUE(
      child.wait_until([&] { return child.err().find("distilling") != std::string::npos; }));
  child.send(SIGINT);
  const ChildResult result = child.finish();
  EXPECT_EQ(result.status, 130);
  EXPECT_NE(result.err.find("checkpoint kept, continue with --resume"), std::string::npos)
      << result.err;
  EXPECT_TRUE(std::filesystem::exists(file("m.novelty.work")));
  EXPECT_FALSE(std::filesystem::exists(file("m.novelty")));
}

TEST_F(Novelty, DoctorFindsABlacklistedPluginAndAMissingBackend) {
  std::filesystem::create_directories(file("plugins"));
  testing::write_text(file("plugins/libgstnovelty.so"), "no library");
  const ChildResult result =
      run_with({"GST_PLUGIN_PATH_1_0=" + file("plugins"), "GST_PLUGIN_PATH=",
                "GST_REGISTRY_1_0=" + file("registry.bin"), "NOVELTY_BACKEND_DIR=" + file("none")},
               {"doctor"});
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("blacklisted"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("FAIL  LibTorch"), std::string::npos) << result.out;
}

TEST_F(Novelty, DoctorIsContentWithThePluginBuilt) {
  const char* plugins = std::getenv("NOVELTY_PLUGIN_DIR");
  if (plugins == nullptr) GTEST_SKIP() << "the GStreamer plugin is not built";
  testing::make_tiny_teacher(file("t.safetensors"));
  const ChildResult result = run_with(
      {std::string("GST_PLUGIN_PATH_1_0=") + plugins, "GST_REGISTRY_1_0=" + file("registry.bin"),
       "NOVELTY_WEIGHTS=" + file("t.safetensors")},
      {"doctor"});
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_NE(result.out.find("ok    plugin"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace novelty
