// SPDX-License-Identifier: Apache-2.0
// `novelty score` and `noveltydetect` see the same frames with the same eyes, in every format.
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "bundle/bundle.h"
#include "child.h"
#include "made_files.h"
#include "small_png.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::ChildResult;
using testing::TempDir;

constexpr int kFrames = 30;
constexpr double kSameFrames = 1e-5;   // relative
constexpr double kOtherFormat = 0.03;  // of the threshold; the aim is 0.01, see docs/benchmarks.md

/// What one way of scoring says of a frame.
struct Row {
  double score = 0;
  double p_value = 0;
  bool novel = false;
  bool held = false;
  bool in_event = false;
  std::string scene_change;
};

Row row_of(const GstStructure* meta) {
  Row row;
  gboolean novel = FALSE, held = FALSE;
  EXPECT_TRUE(gst_structure_get(meta, "score", G_TYPE_DOUBLE, &row.score, "p-value", G_TYPE_DOUBLE,
                                &row.p_value, "novel", G_TYPE_BOOLEAN, &novel, "held",
                                G_TYPE_BOOLEAN, &held, nullptr));
  const char* event = gst_structure_get_string(meta, "event-id");
  row.novel = novel != FALSE;
  row.held = held != FALSE;
  row.in_event = event != nullptr && *event != '\0';
  row.scene_change = gst_structure_get_string(meta, "scene-change");
  return row;
}

class Equality : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    gst_init(nullptr, nullptr);
    GstElementFactory* factory = gst_element_factory_find("noveltydetect");
    if (factory == nullptr) return;
    gst_object_unref(factory);
    folder_.emplace();
    testing::make_tiny_teacher(*folder_ / "t.safetensors", true);  // half floats all the way
    make_footage(*folder_ / "normal.mkv", {"ball", "ball", "ball"});
    const ChildResult trained =
        testing::run_child({testing::novelty_program(), "train", "normal.mkv", "-o", "m.novelty",
                            "--teacher", "t.safetensors", "--epochs", "4"},
                           folder_->path());
    ASSERT_EQ(trained.status, 0) << trained.err;
    make_footage(*folder_ / "rgb.mkv", {"ball", "pinwheel", "ball"});
    testing::run_pipeline("filesrc location=" + *folder_ / "rgb.mkv" +
                          " ! matroskademux ! videoconvert ! video/x-raw,format=I420,"
                          "colorimetry=bt601 ! matroskamux ! filesink location=" +
                          *folder_ / "i420.mkv");
    make_sensitive_model();
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override {
    if (!folder_) GTEST_SKIP() << "noveltydetect is not built";
  }

  /// Parts of kFrames / 3 frames, each one of videotestsrc's patterns, as R'G'B'.
  static void make_footage(const std::string& path, const std::vector<std::string>& patterns) {
    std::string text = "concat name=c ! matroskamux ! filesink location=" + path;
    for (const std::string& pattern : patterns)
      text += " videotestsrc background-color=0xff406080 foreground-color=0xffd0a020 pattern=" +
              pattern + " num-buffers=" + std::to_string(kFrames / 3) +
              " ! video/x-raw,format=RGB,width=160,height=120,framerate=10/1,colorimetry=sRGB ! c.";
    testing::run_pipeline(text);
  }

  /// m.novelty as events.novelty, with a threshold between the scores of the balls and the
  /// pinwheel: so little training is no good measure of what is novel.
  static void make_sensitive_model() {
    const auto rows = score_file("rgb.mkv", "m.novelty");
    ASSERT_EQ(rows.size(), static_cast<std::size_t>(kFrames));
    const double ball = rows[kFrames / 3 - 1].score;
    const double pinwheel = rows[kFrames / 3].score;
    ASSERT_GT(pinwheel, ball);
    Bundle bundle = read_bundle(*folder_ / "m.novelty");
    bundle.events.threshold = (2 * pinwheel + ball) / 3;
    bundle.events.exit_threshold = (pinwheel + ball) / 2;
    bundle.calibration.threshold = bundle.events.threshold;
    bundle.calibration.exit_threshold = bundle.events.exit_threshold;
    bundle.events.hold_ns = 500'000'000;  // so that the event ends within the footage
    write_bundle(bundle, *folder_ / "events.novelty");
  }

  static std::vector<Row> score_file(const std::string& name,
                                     const std::string& model = "events.novelty",
                                     const std::vector<std::string>& more = {}) {
    std::vector<std::string> command{
        testing::novelty_program(), "score", model, name, "--jsonl", "-"};
    command.insert(command.end(), more.begin(), more.end());
    const ChildResult scored = testing::run_child(command, folder_->path());
    EXPECT_EQ(scored.status, 0) << scored.err;
    std::vector<Row> rows;
    std::istringstream lines(scored.out);
    for (std::string line; std::getline(lines, line);) {
      const auto fields = nlohmann::json::parse(line);
      rows.push_back({fields.at("score"), fields.at("p_value"), fields.at("novel"),
                      fields.at("held"), !fields.at("event_id").is_null(),
                      fields.at("scene_change").is_null() ? "" : fields.at("scene_change")});
    }
    return rows;
  }

  /// What noveltydetect puts on the frames of the file in `format`. From I420 to NV12 videoconvert
  /// only moves samples: no decoder at hand makes NV12, nor does a container hold it.
  static std::vector<Row> detect_file(const std::string& name, const std::string& format,
                                      const std::string& properties = "") {
    const std::string text =
        "filesrc location=" + *folder_ / name +
        " ! matroskademux ! videoconvert ! video/x-raw,format=" + format +
        " ! noveltydetect mode=every-frame model=" + *folder_ / "events.novelty" + " " +
        properties + " ! appsink name=sink sync=false";
    GstElement* pipeline = gst_parse_launch(text.c_str(), nullptr);
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    std::vector<Row> rows;
    while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 60 * GST_SECOND)) {
      GstCustomMeta* meta =
          gst_buffer_get_custom_meta(gst_sample_get_buffer(sample), "NoveltyMeta");
      EXPECT_NE(meta, nullptr);
      if (meta != nullptr) rows.push_back(row_of(gst_custom_meta_get_structure(meta)));
      gst_sample_unref(sample);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
    return rows;
  }

  static void expect_equal(const std::string& name, const std::string& format, bool adapt = false) {
    const auto scored =
        score_file(name, "events.novelty",
                   adapt ? std::vector<std::string>{"--adapt"} : std::vector<std::string>{});
    const auto detected = detect_file(name, format, adapt ? "adapt=true" : "");
    ASSERT_EQ(scored.size(), static_cast<std::size_t>(kFrames));
    ASSERT_EQ(detected.size(), scored.size());
    std::size_t novel = 0, held = 0;
    for (std::size_t i = 0; i < scored.size(); ++i) {
      SCOPED_TRACE("frame " + std::to_string(i));
      EXPECT_NEAR(detected[i].score, scored[i].score,
                  kSameFrames * std::max(1.0, std::abs(scored[i].score)));
      EXPECT_NEAR(detected[i].p_value, scored[i].p_value, 1e-3 * scored[i].p_value);
      EXPECT_EQ(detected[i].novel, scored[i].novel);
      EXPECT_EQ(detected[i].held, scored[i].held);
      EXPECT_EQ(detected[i].in_event, scored[i].in_event);
      EXPECT_EQ(detected[i].scene_change, scored[i].scene_change);
      novel += scored[i].novel ? 1 : 0;
      held += scored[i].held ? 1 : 0;
    }
    EXPECT_GT(novel, 0U);
    EXPECT_GT(held, 0U);
    EXPECT_FALSE(scored.front().in_event || scored.back().in_event);
  }

  static std::optional<TempDir> folder_;
};

std::optional<TempDir> Equality::folder_;

TEST_F(Equality, HoldsOnRgb) {
  expect_equal("rgb.mkv", "RGB");
}
TEST_F(Equality, HoldsOnI420) {
  expect_equal("i420.mkv", "I420");
}
TEST_F(Equality, HoldsOnNv12) {
  expect_equal("i420.mkv", "NV12");
}

TEST_F(Equality, HoldsWhileAdapting) {
  expect_equal("rgb.mkv", "RGB", true);
  const auto adapted = score_file("rgb.mkv", "events.novelty", {"--adapt"});
  const auto raw = score_file("rgb.mkv");
  EXPECT_NE(adapted.at(kFrames / 3 - 1).score, raw.at(kFrames / 3 - 1).score);
}

TEST_F(Equality, HoldsUnderMasks) {
  const std::string roi = "0,0 0.8,0 0.8,1 0,1; 0.9,0.9 1,0.9 1,1",
                    ignore = *folder_ / "ignore.png";
  testing::write_png(ignore, std::vector<std::uint8_t>{0, 255, 0, 0, 0, 0}, 2, 3);
  const auto whole = score_file("rgb.mkv");
  const auto scored =
      score_file("rgb.mkv", "events.novelty", {"--roi", roi, "--ignore", "ignore.png"});
  const auto detected =
      detect_file("rgb.mkv", "RGB", "roi=\"" + roi + "\" ignore=\"" + ignore + "\"");
  ASSERT_EQ(scored.size(), whole.size());
  ASSERT_EQ(detected.size(), whole.size());
  std::size_t lower = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    SCOPED_TRACE("frame " + std::to_string(i));
    EXPECT_NEAR(detected[i].score, scored[i].score,
                kSameFrames * std::max(1.0, std::abs(scored[i].score)));
    EXPECT_EQ(detected[i].in_event, scored[i].in_event);
    EXPECT_LE(scored[i].score, whole[i].score);
    lower += scored[i].score < whole[i].score ? 1 : 0;
  }
  EXPECT_GT(lower, 0U);
}

TEST_F(Equality, AnotherFormatChangesAScoreByLittleOfTheThreshold) {
  const double threshold = read_bundle(*folder_ / "m.novelty").info.threshold;
  const auto rgb = score_file("rgb.mkv");
  const std::map<std::string, std::vector<Row>> others{{"I420", score_file("i420.mkv")},
                                                       {"NV12", detect_file("i420.mkv", "NV12")}};
  for (const auto& [format, rows] : others) {
    ASSERT_EQ(rows.size(), rgb.size());
    double worst = 0;
    for (std::size_t i = 0; i < rgb.size(); ++i)
      worst = std::max(worst, std::abs(rows[i].score - rgb[i].score));
    EXPECT_LE(worst, kOtherFormat * threshold) << format;
    RecordProperty(format, std::to_string(worst / threshold));
  }
}

}  // namespace
}  // namespace novelty
