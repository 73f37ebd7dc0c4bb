// SPDX-License-Identifier: Apache-2.0
// The drawn scene: the same each time, normal motion that repeats, a truth that fits, and the
// video.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "command_line.h"
#include "commands.h"
#include "novelty/error.h"
#include "scene.h"
#include "scene_labels.h"
#include "temp_dir.h"
#include "video_reader.h"
#include "video_writer.h"

namespace novelty {
namespace {

constexpr int kCycleFrames = 72;  // 4.8 s at 15 frames a second

SceneOptions small_scene(const std::vector<std::pair<int, int>>& novel = {}) {
  SceneOptions options;
  options.width = 320;
  options.height = 180;
  options.novel = novel;
  return options;
}

double mean_difference(const Picture& a, const Picture& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.bgr.size(); ++i) sum += std::abs(a.bgr[i] - b.bgr[i]);
  return sum / static_cast<double>(a.bgr.size());
}

TEST(Scene, FrameIsAFunctionOfOptionsAndNumber) {
  const SceneRenderer one(small_scene({{30, 60}}));
  const SceneRenderer two(small_scene({{30, 60}}));
  const Picture first = one.frame(40);
  one.frame(3);
  EXPECT_EQ(one.frame(40).bgr, first.bgr);
  EXPECT_EQ(two.frame(40).bgr, first.bgr);
  SceneOptions other = small_scene({{30, 60}});
  other.seed = 2;
  EXPECT_NE(SceneRenderer(other).frame(40).bgr, first.bgr);
}

TEST(Scene, NormalMotionRepeatsButForDaylightAndNoise) {
  const SceneRenderer scene(small_scene());
  for (const int i : {0, 20, 50}) {
    const Picture now = scene.frame(i);
    EXPECT_NE(scene.frame(i + kCycleFrames).bgr, now.bgr);
    EXPECT_LT(mean_difference(scene.frame(i + kCycleFrames), now), 6.0) << i;
  }
  EXPECT_GT(mean_difference(scene.frame(20), scene.frame(50)), 6.0);
}

// With and without the object, the same frame differs in its box and its shadow only.
void expect_truth_fits(const SceneOptions& options, const SceneRenderer& without, int frame) {
  const SceneRenderer scene(options);
  const SceneTruth truth = scene.truth(frame);
  ASSERT_TRUE(truth.novel) << frame;
  const Picture now = scene.frame(frame);
  const Picture then = without.frame(frame);
  const int side = truth.width / 4 + 2;  // the shadow
  const int below = 8;
  int changed = 0;
  for (int y = 0; y < now.height; ++y) {
    for (int x = 0; x < now.width; ++x) {
      const auto at = 3 * (static_cast<std::size_t>(y) * now.width + x);
      const bool differs = !std::equal(&now.bgr[at], &now.bgr[at + 2] + 1, &then.bgr[at]);
      const bool inside = x >= truth.x - side && x < truth.x + truth.width + side &&
                          y >= truth.y - below && y < truth.y + truth.height + below;
      changed += differs ? 1 : 0;
      ASSERT_TRUE(inside || !differs) << "frame " << frame << " at " << x << "," << y;
    }
  }
  EXPECT_GT(changed, truth.width * truth.height / 3) << frame;
}

TEST(Scene, TruthFitsEveryKindOfObject) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    SceneOptions options = small_scene({{100, 160}});
    options.seed = seed;
    SceneOptions normal = small_scene();
    normal.seed = seed;
    expect_truth_fits(options, SceneRenderer(normal), 130);
  }
}

TEST(Scene, ObjectsComeAndGoWithTheirRange) {
  const SceneRenderer with(small_scene({{100, 140}}));
  const SceneRenderer without(small_scene());
  for (const int i : {99, 141}) {
    EXPECT_FALSE(with.truth(i).novel);
    EXPECT_EQ(with.frame(i).bgr, without.frame(i).bgr) << i;
  }
  for (const int i : {100, 140}) EXPECT_TRUE(with.truth(i).novel);
  EXPECT_NE(with.truth(100).y, with.truth(120).y);  // it slides in
}

TEST(Scene, DrawsAnySize) {
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{16, 16}, {101, 57}}) {
    SceneOptions options = small_scene({{0, 9}});
    options.width = width;
    options.height = height;
    const Picture picture = SceneRenderer(options).frame(5);
    EXPECT_EQ(picture.bgr.size(), 3U * width * height);
  }
}

template <typename Change>
void expect_refused(Change change) {
  SceneOptions options = small_scene();
  change(options);
  EXPECT_THROW(SceneRenderer{options}, Error);
}

TEST(Scene, RefusesOptionsThatCannotBe) {
  expect_refused([](SceneOptions& o) { o.width = 15; });
  expect_refused([](SceneOptions& o) { o.height = 100000; });
  expect_refused([](SceneOptions& o) { o.fps = 0; });
  expect_refused([](SceneOptions& o) { o.duration_s = 0; });
  expect_refused([](SceneOptions& o) { o.duration_s = std::nan(""); });
  expect_refused([](SceneOptions& o) { o.novel = {{5, 4}}; });
  expect_refused([](SceneOptions& o) { o.novel = {{5, 9}, {9, 12}}; });
  expect_refused([](SceneOptions& o) { o.novel = {{5, 600}}; });
  expect_refused([](SceneOptions& o) { o.novel = {{-1, 6}}; });
  const SceneRenderer scene(small_scene());
  EXPECT_THROW(scene.frame(600), Error);
  EXPECT_THROW(scene.truth(-1), Error);
}

TEST(SceneLabels, LeaveAMarginBehindEachVisit) {
  const SceneLabels labels = scene_labels(600, 15, {{240, 299}, {590, 599}});
  EXPECT_EQ(labels.train, (SceneRanges{{0, 149}}));
  EXPECT_EQ(labels.normal, (SceneRanges{{150, 239}, {307, 589}}));
  EXPECT_EQ(labels.novel, (SceneRanges{{240, 299}, {590, 599}}));
}

TEST(SceneLabels, TrainOnlyOnWhatComesBeforeTheFirstVisit) {
  EXPECT_EQ(scene_labels(600, 15, {{50, 60}}).train, (SceneRanges{{0, 49}}));
  EXPECT_TRUE(scene_labels(600, 15, {{0, 60}}).train.empty());
  EXPECT_TRUE(default_novel_ranges(10).empty());
  EXPECT_EQ(default_novel_ranges(600), (SceneRanges{{240, 299}, {360, 419}, {480, 539}}));
}

int scene(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "scene");
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return run_scene(static_cast<int>(arguments.size()), argv.data());
}

int frames_in(const std::string& video) {
  VideoReader reader(video);
  VideoFrame frame;
  int count = 0;
  while (reader.next(frame)) ++count;
  return count;
}

TEST(SceneCommand, WritesTheVideoAndItsLabels) {
  const testing::TempDir folder;
  for (const char* const name : {"cell.mp4", "cell.mkv"}) {
    const std::string video = folder / name;
    const std::string labels = folder / "labels.json";
    ASSERT_EQ(scene({video, "--seconds", "3", "--novel", "20-29,30-31,40", "--labels", labels}), 0);
    EXPECT_EQ(frames_in(video), 45);
    EXPECT_FALSE(std::filesystem::exists(video + ".part"));
    const auto bytes = read_file(labels);
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    const auto facts = nlohmann::json::parse(text, text + bytes.size()).at(name);
    EXPECT_EQ(facts.at("frames"), 45);
    EXPECT_EQ(facts.at("train").dump(), "[[0,10]]");
    EXPECT_EQ(facts.at("novel").dump(), "[[20,31],[40,40]]");
    EXPECT_EQ(facts.at("normal").dump(), "[[11,19],[39,39]]");
  }
}

TEST(SceneCommand, RefusesWhatItCannotDo) {
  const testing::TempDir folder;
  EXPECT_THROW(scene({}), UsageError);
  EXPECT_THROW(scene({folder / "a.mp4", "--seconds", "0"}), UsageError);
  EXPECT_THROW(scene({folder / "a.mp4", "--seconds", "1", "--novel", "10-15"}), UsageError);
  EXPECT_THROW(scene({folder / "a.avi", "--seconds", "1"}), Error);
  EXPECT_THROW(scene({folder / "none/a.mp4", "--seconds", "1"}), Error);
  EXPECT_THROW(scene({folder / "a.mp4", "--seconds", "1", "--labels", folder / "none/l"}), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(VideoWriter, LeavesNothingOfAnUnfinishedVideo) {
  const testing::TempDir folder;
  {
    VideoWriter writer(folder / "a.mkv", 320, 180, 15);
    writer.write(SceneRenderer(small_scene()).frame(0));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace novelty
