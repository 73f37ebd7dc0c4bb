// SPDX-License-Identifier: Apache-2.0
// `novelty calibrate`, `feedback` and `compare` as a user runs them, with the stand-in backend.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bundle/bundle.h"
#include "child.h"
#include "made_files.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::ChildResult;
using testing::make_video;
using testing::text_of;

// Bars with another pattern in a box, small enough not to be a change of the scene.
void make_boxed(const std::string& path, int frames, const std::string& pattern, int x) {
  const std::string count = " num-buffers=" + std::to_string(frames);
  testing::run_pipeline(
      "compositor name=mix sink_1::xpos=" + std::to_string(x) +
      " ! video/x-raw,format=I420,width=160,height=120,framerate=10/1 ! x264enc threads=1 "
      "key-int-max=10 ! h264parse ! mp4mux ! filesink location=" +
      path + " videotestsrc pattern=smpte" + count +
      " ! video/x-raw,format=I420,width=160,height=120,framerate=10/1 ! mix.sink_0 "
      "videotestsrc pattern=" +
      pattern + count +
      " ! video/x-raw,format=I420,width=40,height=60,framerate=10/1 ! mix.sink_1");
}

// A model of bars.
class ModelCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    make_video(file("bars.mp4"), 40, "smpte");
    testing::make_tiny_teacher(file("t.safetensors"));
    const ChildResult trained = run(
        {"train", "bars.mp4", "-o", "m.novelty", "--teacher", "t.safetensors", "--epochs", "2"});
    ASSERT_EQ(trained.status, 0) << trained.err;
    trained_ = trained.out;
  }

  ChildResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), testing::novelty_program());
    return testing::run_child(arguments, folder_.path());
  }

  std::string file(const std::string& name) const { return folder_ / name; }

  // The table of events of `novelty score`.
  std::string events(const std::string& model, const std::string& video) const {
    const ChildResult scored = run({"score", model, video});
    EXPECT_EQ(scored.status, 0) << scored.err;
    return scored.out;
  }

  testing::TempDir folder_;
  std::string trained_;
};
using Calibrate = ModelCommands;
using Feedback = ModelCommands;
using Compare = ModelCommands;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void expect_refused(const ChildResult& result, int status, const std::string& words) {
  EXPECT_EQ(result.status, status) << result.err;
  EXPECT_TRUE(result.err.starts_with("novelty: ")) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_TRUE(has(result.err, words)) << result.err;
}

void expect_same_tensors(const NetworkView& a, const NetworkView& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    const auto& other = b.tensors.at(name);
    EXPECT_TRUE(
        std::equal(tensor.data.begin(), tensor.data.end(), other.data.begin(), other.data.end()))
        << name;
  }
}

TEST_F(Calibrate, ChangesTheThresholdAndKeepsWhatWasLearnt) {
  make_video(file("fresh.mp4"), 200, "smpte");
  const Bundle before = read_bundle(file("m.novelty"));
  const ChildResult done = run({"calibrate", "m.novelty", "fresh.mp4", "--frames", "0-149",
                                "--target-false-alarms-per-hour", "6"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.err, "calibrating 150/150")) << done.err;
  EXPECT_TRUE(has(done.out, "now:     Threshold")) << done.out;
  EXPECT_TRUE(has(done.out, "warning: 6 false alarms an hour cannot be promised from 15 s"))
      << done.out;
  const Bundle after = read_bundle(file("m.novelty"));
  expect_same_tensors(before.teacher, after.teacher);
  expect_same_tensors(before.student, after.student);
  EXPECT_EQ(before.density.prototypes, after.density.prototypes);
  EXPECT_EQ(before.score.density.start, after.score.density.start);
  EXPECT_EQ(before.score.discrepancy.scale, after.score.discrepancy.scale);
  EXPECT_NE(before.info.threshold, after.info.threshold);
  EXPECT_EQ(after.events.threshold, after.info.threshold);
  EXPECT_EQ(after.info.target_per_hour, 6);
  EXPECT_NEAR(after.info.calibration_hours, 15.0 / 3600, 1e-5);
  EXPECT_EQ(after.calibration.scores.size(), 150U);
  EXPECT_EQ(after.info.calibration_frames, 150);
  const json provenance = json::parse(after.provenance_json).at("recalibration");
  EXPECT_EQ(provenance.at("source").at("frames"), "0-149");
}

TEST_F(Calibrate, SetsAnotherTargetWithoutFootage) {
  const ChildResult done =
      run({"calibrate", "m.novelty", "-o", "n.novelty", "--target-false-alarms-per-hour", "600"});
  ASSERT_EQ(done.status, 0) << done.err;
  const ModelInfo before = read_bundle(file("m.novelty")).info;
  const ModelInfo after = read_bundle(file("n.novelty")).info;
  EXPECT_EQ(before.target_per_hour, 1);
  EXPECT_EQ(after.target_per_hour, 600);
  EXPECT_LT(after.threshold, before.threshold);
  EXPECT_NEAR(after.expected_per_hour, 600, 1);
  EXPECT_EQ(after.calibration_hours, before.calibration_hours);
}

TEST_F(Calibrate, RefusesInOneLineAndLeavesTheModel) {
  const std::string before = text_of(file("m.novelty"));
  testing::write_text(file("text.mp4"), "not a video");
  expect_refused(run({"calibrate"}), 2, "MODEL");
  expect_refused(run({"calibrate", "m.novelty"}), 2, "INPUT, or a target");
  for (const char* target : {"0", "-1", "3600", "inf"})
    expect_refused(run({"calibrate", "m.novelty", "--target-false-alarms-per-hour", target}), 1,
                   "target");
  expect_refused(run({"calibrate", "none.novelty", "bars.mp4"}), 1, "none.novelty");
  expect_refused(run({"calibrate", "text.mp4", "bars.mp4"}), 1, "not a novelty model");
  expect_refused(run({"calibrate", "m.novelty", "bars.mp4", "-o", "no/such"}), 1, "no/such");
  expect_refused(run({"calibrate", "m.novelty", "text.mp4"}), 1, "text.mp4");
  expect_refused(run({"calibrate", "m.novelty", "bars.mp4", "--frames", "90-99"}), 1, "90-99");
  EXPECT_EQ(text_of(file("m.novelty")), before);
}

TEST_F(Calibrate, LeavesTheModelOnCtrlC) {
  const std::string before = text_of(file("m.novelty"));
  testing::Child child({"env", "NOVELTY_FAKE_BURN_MS=100", testing::novelty_program(), "calibrate",
                        "m.novelty", "bars.mp4"},
                       folder_.path());
  ASSERT_TRUE(
      child.wait_until([&] { return child.err().find("calibrating") != std::string::npos; }));
  child.send(SIGINT);
  const ChildResult result = child.finish();
  EXPECT_EQ(result.status, 130) << result.err;
  EXPECT_TRUE(has(result.err, "stopped, the model is as it was")) << result.err;
  EXPECT_EQ(text_of(file("m.novelty")), before);
}

TEST_F(Calibrate, PromisesAreToldByTrainInfoAndTheReport) {
  const std::string warning = "1 false alarm an hour cannot be promised from";
  EXPECT_TRUE(has(trained_, warning)) << trained_;
  EXPECT_TRUE(has(trained_, "aims at 1 false alarm an hour")) << trained_;
  EXPECT_TRUE(has(text_of(file("m.html")), warning));
  EXPECT_TRUE(has(text_of(file("m.html")), "95 % interval"));
  EXPECT_TRUE(has(run({"info", "m.novelty"}).out, warning));
  const json rates = json::parse(run({"info", "m.novelty", "--json"}).out).at("alarms_per_hour");
  EXPECT_EQ(rates.at("target"), 1);
  EXPECT_LE(rates.at("interval_95").at(0), rates.at("expected"));
  EXPECT_GE(rates.at("interval_95").at(1), rates.at("expected"));
}

TEST_F(Feedback, RemovesItsFalseAlarmAndKeepsOthers) {
  make_boxed(file("alarm.mp4"), 30, "white", 120);
  make_boxed(file("other.mp4"), 30, "white", 40);
  for (const char* video : {"alarm.mp4", "other.mp4"})
    ASSERT_TRUE(has(events("m.novelty", video), "peak score")) << video;
  const ChildResult told = run(
      {"feedback", "m.novelty", "--normal", "alarm.mp4", "--frames", "0-19", "-o", "n.novelty"});
  ASSERT_EQ(told.status, 0) << told.err;
  EXPECT_TRUE(has(told.out, "20 pictures, highest score")) << told.out;
  EXPECT_TRUE(has(told.out, "20 of them novel before, 0 now")) << told.out;
  EXPECT_TRUE(has(events("n.novelty", "alarm.mp4"), "no events"));
  EXPECT_TRUE(has(events("n.novelty", "other.mp4"), "peak score"));
  EXPECT_EQ(read_bundle(file("n.novelty")).info.threshold,
            read_bundle(file("m.novelty")).info.threshold);
}

TEST_F(Feedback, IsForgottenByReset) {
  make_boxed(file("alarm.mp4"), 20, "white", 120);
  const std::string bytes = text_of(file("m.novelty"));
  ASSERT_EQ(run({"feedback", "m.novelty", "--normal", "alarm.mp4"}).status, 0);
  EXPECT_NE(text_of(file("m.novelty")), bytes);
  // Told again, there is nothing to add.
  EXPECT_TRUE(has(run({"feedback", "m.novelty", "--normal", "alarm.mp4"}).out,
                  "\n0 patches declared normal"));
  const ChildResult reset = run({"feedback", "m.novelty", "--reset"});
  ASSERT_EQ(reset.status, 0) << reset.err;
  EXPECT_FALSE(has(reset.out, "\n0 patches")) << reset.out;
  EXPECT_EQ(text_of(file("m.novelty")), bytes);
}

// What the page of `novelty review` writes, of one event.
std::string marked(const std::string& path, std::int64_t begin_ns, std::int64_t end_ns) {
  const json event{{"event_id", "01A"}, {"begin_ns", begin_ns}, {"end_ns", end_ns}};
  const json recording{
      {"path", path}, {"camera", ""}, {"model_id", "other"}, {"normal", json::array({event})}};
  return json{
      {"schema", "novelty-feedback"}, {"version", 1}, {"recordings", json::array({recording})}}
      .dump();
}

TEST_F(Feedback, TakesTheEventsThatWereMarkedOnTheReviewPage) {
  std::filesystem::create_directory(file("clips"));
  make_boxed(file("clips/alarm.mp4"), 30, "white", 120);
  testing::write_text(file("clips/feedback.json"),
                      marked("alarm.mp4", 1'000'000'000, 1'500'000'000));
  const ChildResult told =
      run({"feedback", "m.novelty", "--normal", "clips/feedback.json", "-o", "n.novelty"});
  ASSERT_EQ(told.status, 0) << told.err;
  EXPECT_TRUE(has(told.out, "6 pictures, highest score")) << told.out;
  EXPECT_TRUE(
      has(told.err, "warning: clips/feedback.json: 1 of 1 recordings were made with another"))
      << told.err;
  EXPECT_TRUE(has(events("n.novelty", "clips/alarm.mp4"), "no events"));
  // Together with other footage.
  const ChildResult both = run({"feedback", "m.novelty", "--normal", "clips/feedback.json",
                                "bars.mp4", "--frames", "0-3", "-o", "n.novelty"});
  EXPECT_TRUE(has(both.out, "10 pictures, highest score")) << both.out << both.err;
}

TEST_F(Feedback, RefusesFeedbackFilesInOneLine) {
  const std::string before = text_of(file("m.novelty"));
  const auto refuses = [&](const std::string& text, const std::string& words) {
    testing::write_text(file("f.json"), text);
    expect_refused(run({"feedback", "m.novelty", "--normal", "f.json"}), 1, words);
  };
  refuses(marked("gone.mp4", 0, 1), "gone.mp4: the recording is not there");
  refuses(R"({"schema":"novelty-feedback","version":1,"recordings":[]})", "nothing is marked");
  refuses(R"({"schema":"novelty-recording","version":1})", "no feedback of novelty review");
  refuses("{", "is not JSON");
  expect_refused(run({"feedback", "m.novelty", "--normal", "f.json", "--frames", "1-2"}), 2,
                 "--frames");
  EXPECT_EQ(text_of(file("m.novelty")), before);
}

TEST_F(Feedback, RefusesInOneLineAndLeavesTheModel) {
  const std::string before = text_of(file("m.novelty"));
  expect_refused(run({"feedback", "m.novelty"}), 2, "--normal");
  expect_refused(run({"feedback", "m.novelty", "bars.mp4"}), 2, "--normal");
  expect_refused(run({"feedback", "m.novelty", "--reset", "--normal", "bars.mp4"}), 2, "--reset");
  expect_refused(run({"feedback", "none.novelty", "--normal", "bars.mp4"}), 1, "none.novelty");
  expect_refused(run({"feedback", "m.novelty", "--normal", "none.mp4"}), 1, "none.mp4");
  expect_refused(run({"feedback", "m.novelty", "--normal", "bars.mp4", "-o", "no/such"}), 1,
                 "no/such");
  EXPECT_EQ(text_of(file("m.novelty")), before);
}

TEST_F(Compare, ShowsWhatTheNewModelWouldChange) {
  make_boxed(file("alarm.mp4"), 20, "white", 120);
  make_boxed(file("other.mp4"), 20, "white", 40);
  ASSERT_EQ(run({"feedback", "m.novelty", "--normal", "alarm.mp4", "-o", "n.novelty"}).status, 0);
  const ChildResult same = run({"compare", "m.novelty", "m.novelty", "alarm.mp4"});
  EXPECT_TRUE(has(same.out, "Nothing changes: both models find 1 event.")) << same.out;
  const ChildResult changed =
      run({"compare", "m.novelty", "n.novelty", "alarm.mp4", "other.mp4", "--jsonl", "c.jsonl"});
  ASSERT_EQ(changed.status, 0) << changed.err;
  EXPECT_TRUE(has(changed.out, "\ngone ")) << changed.out;
  EXPECT_TRUE(has(changed.out, "\nkept ")) << changed.out;
  EXPECT_TRUE(has(changed.out, "1 event would be kept, 1 gone and 0 new.")) << changed.out;
  const std::string lines = text_of(file("c.jsonl"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 40);
  const json first = json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_GT(first.at("old").at("score"), first.at("new").at("score"));
  const ChildResult back = run({"compare", "n.novelty", "m.novelty", "alarm.mp4"});
  EXPECT_TRUE(has(back.out, "0 events would be kept, 0 gone and 1 new.")) << back.out;
}

TEST_F(Compare, RefusesInOneLine) {
  testing::make_image(file("a.png"), 8, 8, 0);
  expect_refused(run({"compare", "m.novelty", "m.novelty"}), 2, "INPUT");
  expect_refused(run({"compare", "m.novelty", "none.novelty", "bars.mp4"}), 1, "none.novelty");
  expect_refused(run({"compare", "none.novelty", "m.novelty", "bars.mp4"}), 1, "none.novelty");
  expect_refused(run({"compare", "m.novelty", "m.novelty", "a.png"}), 1, "no video");
}

}  // namespace
}  // namespace novelty
