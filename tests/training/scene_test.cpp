// SPDX-License-Identifier: Apache-2.0
// The drawn scene: the same each time, normal motion that repeats, exact masks and honest labels,
// and the video.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
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

constexpr int kCycleFrames = 72;  // of seed 1: 4.8 s at 15 frames a second

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

SceneOptions full_scene(std::uint64_t seed, bool with_visits) {
  SceneOptions options;
  options.seed = seed;
  options.fps = 10;
  options.duration_s = 96;
  if (with_visits) options.novel = default_novel_ranges(960, 10, seed);
  return options;
}

/// Planning a clip takes a while, so tests share them.
const SceneRenderer& shared_scene(std::uint64_t seed, bool with_visits) {
  static std::map<std::pair<std::uint64_t, bool>, SceneRenderer> all;
  const std::pair key{seed, with_visits};
  const auto known = all.find(key);
  if (known != all.end()) return known->second;
  return all.emplace(key, SceneRenderer(full_scene(seed, with_visits))).first->second;
}

int middle_of(const SceneVisit& visit) {
  return (visit.first + visit.last) / 2;
}

/// The mask's pixels and those beside them.
std::vector<std::uint8_t> grown(const std::vector<std::uint8_t>& mask, int width, int height) {
  std::vector<std::uint8_t> wide(mask.size());
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int j = std::max(0, y - 2); j <= std::min(height - 1, y + 2) && !wide[y * width + x];
           ++j)
        for (int i = std::max(0, x - 2); i <= std::min(width - 1, x + 2); ++i)
          if (mask[j * width + i] != 0) wide[y * width + x] = 1;
  return wide;
}

/// How the pixels of a frame differ from the same frame with nothing new in it.
struct Difference {
  int in_mask = 0, changed_in_mask = 0;
  int outside = 0;  ///< changed beyond two pixels from the mask,
  int other = 0;    ///< and not only a shadow that is there (absent: no longer there)
};

Difference difference(const SceneRenderer& with, const SceneRenderer& without, int frame,
                      bool absent) {
  const Picture now = with.frame(frame);
  const Picture then = without.frame(frame);
  const auto mask = with.mask(frame);
  const auto near = grown(mask, now.width, now.height);
  Difference d;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    bool differs = false, brighter = false, darker = false;
    for (std::size_t at = 3 * i; at < 3 * i + 3; ++at) {
      differs |= now.bgr[at] != then.bgr[at];
      brighter |= now.bgr[at] > then.bgr[at];
      darker |= now.bgr[at] < then.bgr[at];
    }
    d.in_mask += mask[i] != 0 ? 1 : 0;
    d.changed_in_mask += mask[i] != 0 && differs ? 1 : 0;
    d.outside += near[i] == 0 && differs ? 1 : 0;
    d.other += near[i] == 0 && (absent ? darker : brighter) ? 1 : 0;
  }
  return d;
}

TEST(Scene, MasksAreWhatDiffersButForShadows) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const SceneRenderer& with = shared_scene(seed, true);
    const SceneRenderer& without = shared_scene(seed, false);
    for (const SceneVisit& visit : with.visits()) {
      for (const int frame : {visit.first + 1, middle_of(visit)}) {
        const Difference d = difference(with, without, frame, visit.absent);
        SCOPED_TRACE(::testing::Message() << "seed " << seed << " frame " << frame << " "
                                          << kind_name(visit) << " " << place_name(visit));
        EXPECT_GT(d.in_mask, 0);
        EXPECT_GT(d.changed_in_mask, 0.9 * d.in_mask);
        EXPECT_EQ(d.other, 0);
        EXPECT_LT(d.outside, 9000);  // a shadow
      }
    }
  }
}

TEST(Scene, MasksAreEmptyWhereNothingIsNew) {
  const SceneRenderer scene(small_scene({{100, 140}}));
  for (const int i : {99, 141}) {
    const auto mask = scene.mask(i);
    EXPECT_EQ(mask.size(), 320U * 180U);
    EXPECT_EQ(std::count(mask.begin(), mask.end(), 0), std::ptrdiff_t{320 * 180});
  }
}

/// Area and contrast from the pictures themselves, by their definition in scene_visit.h.
std::pair<double, double> area_and_contrast(const SceneRenderer& with, const SceneRenderer& without,
                                            const SceneVisit& visit) {
  const auto mask = with.mask(middle_of(visit));
  const Picture now = with.frame(middle_of(visit));
  const Picture then = without.frame(middle_of(visit));
  std::array<double, 3> mean{};
  double count = 0, sum = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) continue;
    ++count;
    for (std::size_t c = 0; c < 3; ++c) mean[c] += then.bgr[3 * i + c];
  }
  for (std::size_t i = 0; i < mask.size(); ++i)
    for (std::size_t c = 0; c < 3 && mask[i] != 0; ++c)
      sum += std::abs(now.bgr[3 * i + c] - mean[c] / count);
  return {count / static_cast<double>(mask.size()), sum / (3 * 255 * count)};
}

TEST(Scene, ObjectsHaveTheStatedAreasAndContrasts) {
  std::set<std::string> kinds, places;
  int small = 0, faint = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const SceneVisit& visit : shared_scene(seed, true).visits()) {
      kinds.insert(kind_name(visit));
      places.insert(place_name(visit));
      if (visit.absent) continue;
      EXPECT_GE(visit.area, 0.01) << seed;
      EXPECT_LE(visit.area, 0.15) << seed;
      EXPECT_GE(visit.contrast, 0.1) << seed;
      EXPECT_LE(visit.contrast, 0.45) << seed;
      small += visit.area < 0.02 ? 1 : 0;
      faint += visit.contrast < 0.13 ? 1 : 0;
    }
  }
  EXPECT_EQ(kinds.size(), 9U);
  EXPECT_EQ(places.size(), 5U);
  EXPECT_GT(small, 10);
  EXPECT_GT(faint, 10);
}

TEST(Scene, LabelsSayWhatTheFramesShow) {
  for (const std::uint64_t seed : {1, 4, 9}) {
    const SceneRenderer& with = shared_scene(seed, true);
    for (const SceneVisit& visit : with.visits()) {
      if (visit.absent) continue;
      const auto [area, contrast] = area_and_contrast(with, shared_scene(seed, false), visit);
      EXPECT_NEAR(area, visit.area, 0.04 * visit.area) << seed << " frame " << visit.first;
      EXPECT_NEAR(contrast, visit.contrast, 0.01 + 0.1 * visit.contrast)  // light, noise
          << seed << " frame " << visit.first;
    }
  }
}

TEST(Scene, HalfIsInsideMovingPartsAndOneInEightAbsent) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const SceneRenderer& scene = shared_scene(seed, true);
    const auto& visits = scene.visits();
    ASSERT_EQ(visits.size(), 8U) << seed;
    const auto moving = [](const SceneVisit& visit) { return visit.moving(); };
    const auto absent = [](const SceneVisit& visit) { return visit.absent; };
    EXPECT_EQ(std::count_if(visits.begin(), visits.end(), moving), 4) << seed;
    EXPECT_EQ(std::count_if(visits.begin(), visits.end(), absent), 1) << seed;
  }
}

// What is missing is there before and after, and gone in every frame of its visit.
TEST(Scene, AbsentPartIsAbsent) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SceneRenderer& with = shared_scene(seed, true);
    const SceneRenderer& without = shared_scene(seed, false);
    for (const SceneVisit& visit : with.visits()) {
      if (!visit.absent) continue;
      for (const int frame : {visit.first - 1, visit.last + 1})
        EXPECT_EQ(with.frame(frame).bgr, without.frame(frame).bgr) << seed;
      for (const int frame : {visit.first, middle_of(visit), visit.last}) {
        const Difference d = difference(with, without, frame, true);
        EXPECT_GT(d.in_mask, 640 * 360 / 1000) << seed << " frame " << frame;
        EXPECT_GT(d.changed_in_mask, 0.9 * d.in_mask) << seed << " frame " << frame;
      }
    }
  }
}

TEST(Scene, SeedsDifferInMoreThanNoise) {
  std::vector<Picture> first;
  std::set<double> cycles, periods;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const SceneRenderer& scene = shared_scene(seed, false);
    first.push_back(scene.frame(0));
    cycles.insert(scene.style().cycle_s);
    periods.insert(scene.style().daylight_s);
  }
  EXPECT_EQ(cycles.size(), 6U);
  EXPECT_EQ(periods.size(), 6U);
  for (std::size_t i = 0; i < first.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_GT(mean_difference(first[i], first[j]), 12) << i + 1 << " and " << j + 1;
}

TEST(Scene, PaintAloneCanBeAnother) {
  SceneOptions repainted = small_scene();
  repainted.paint_seed = 2;
  const double difference =
      mean_difference(SceneRenderer(repainted).frame(20), SceneRenderer(small_scene()).frame(20));
  EXPECT_GT(difference, 0.5);
  EXPECT_LT(difference, 6);
}

TEST(Scene, ObjectsComeAndGoWithTheirRange) {
  const SceneRenderer with(small_scene({{100, 140}}));
  const SceneRenderer without(small_scene());
  for (const int i : {99, 141}) EXPECT_EQ(with.frame(i).bgr, without.frame(i).bgr) << i;
  for (const int i : {100, 120, 140}) EXPECT_NE(with.frame(i).bgr, without.frame(i).bgr) << i;
  const auto coming = with.mask(100), there = with.mask(120);
  EXPECT_LT(std::count(coming.begin(), coming.end(), 255),
            std::count(there.begin(), there.end(), 255));  // it slides in
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
  EXPECT_THROW(scene.mask(-1), Error);
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
}

TEST(SceneLabels, VisitsLastTwoToThreeSecondsWithPauses) {
  EXPECT_TRUE(default_novel_ranges(10, 10, 1).empty());
  const auto ranges = default_novel_ranges(960, 10, 1);
  ASSERT_EQ(ranges.size(), 8U);
  EXPECT_EQ(ranges.front().first, 540);
  int free = 540;
  for (const auto& [first, last] : ranges) {
    EXPECT_GE(first, free);
    EXPECT_GE(last - first + 1, 20);
    EXPECT_LE(last - first + 1, 30);
    free = last + 18;
  }
  EXPECT_LE(free, 960);
  EXPECT_NE(default_novel_ranges(960, 10, 2), ranges);
  const auto brief = default_novel_ranges(24, 10, 1);
  ASSERT_EQ(brief.size(), 1U);
  EXPECT_LT(brief.front().second, 24);
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
    EXPECT_EQ(facts.at("fps"), 15);
    EXPECT_EQ(facts.at("train").dump(), "[[0,10]]");
    EXPECT_EQ(facts.at("novel").dump(), "[[20,31],[40,40]]");
    EXPECT_EQ(facts.at("normal").dump(), "[[11,19],[39,39]]");
    ASSERT_EQ(facts.at("visits").size(), 2U);
    EXPECT_EQ(facts.at("visits")[0].at("frames").dump(), "[20,31]");
    for (const char* const key : {"kind", "place", "moving", "area", "contrast"})
      EXPECT_TRUE(facts.at("visits")[1].contains(key)) << key;
  }
}

TEST(SceneCommand, WritesAMaskAFrame) {
  const testing::TempDir folder;
  ASSERT_EQ(scene({folder / "cell.mkv", "--seconds", "2", "--fps", "10", "--novel", "5-12",
                   "--masks", folder / "masks"}),
            0);
  SceneOptions options;
  options.fps = 10;
  options.duration_s = 2;
  options.novel = {{5, 12}};
  const SceneRenderer drawn(options);
  for (const int frame : {4, 5, 9, 12, 13}) {
    char name[32];
    std::snprintf(name, sizeof name, "masks/%06d.png", frame);
    const Picture mask = decode_picture(read_file(folder / name), name);
    std::vector<std::uint8_t> grey;
    for (std::size_t i = 0; i < mask.bgr.size(); i += 3) grey.push_back(mask.bgr[i]);
    EXPECT_EQ(grey, drawn.mask(frame)) << frame;
  }
}

TEST(SceneCommand, DrawsANormalClip) {
  const testing::TempDir folder;
  ASSERT_EQ(scene({folder / "cell.mkv", "--seconds", "3", "--normal", "--labels",
                   folder / "labels.json"}),
            0);
  const auto bytes = read_file(folder / "labels.json");
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto facts = nlohmann::json::parse(text, text + bytes.size()).at("cell.mkv");
  EXPECT_TRUE(facts.at("novel").empty());
  EXPECT_EQ(facts.at("normal").dump(), "[[11,44]]");
}

TEST(SceneCommand, RefusesWhatItCannotDo) {
  const testing::TempDir folder;
  EXPECT_THROW(scene({}), UsageError);
  EXPECT_THROW(scene({folder / "a.mp4", "--seconds", "0"}), UsageError);
  EXPECT_THROW(scene({folder / "a.mp4", "--seconds", "1", "--novel", "10-15"}), UsageError);
  EXPECT_THROW(scene({folder / "a.mp4", "--normal", "--novel", "3-5"}), UsageError);
  EXPECT_THROW(scene({folder / "a.mp4", "--fps", "0"}), UsageError);
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
