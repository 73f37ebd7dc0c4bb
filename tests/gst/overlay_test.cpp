// SPDX-License-Identifier: Apache-2.0
// noveltyoverlay draws where NoveltyMeta says so and leaves every other pixel alone.
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "noveltymeta.h"

namespace {

using novelty::NoveltyMeta;
using Bytes = std::vector<std::uint8_t>;

constexpr int kMapSide = 4;

// A score under its threshold and a map that is nowhere near visible.
NoveltyMeta normal_meta() {
  NoveltyMeta meta;
  meta.score = 1;
  meta.threshold = 2;
  meta.scored_pts = 0;
  meta.map_size = kMapSide;
  meta.map = novelty::pack_map(std::vector<float>(kMapSide * kMapSide, 0.3F));
  return meta;
}

NoveltyMeta novel_meta() {
  NoveltyMeta meta = normal_meta();
  meta.score = 3;
  meta.novel = true;
  std::vector<float> map(kMapSide * kMapSide, 0.0F);
  map.back() = 9;  // the bottom right cell
  meta.map = novelty::pack_map(map);
  meta.region_count = 1;
  meta.regions = novelty::pack_regions(std::vector<novelty::Region>{{0.5F, 0.5F, 0.25F, 0.25F}});
  return meta;
}

// Runs one mid-grey frame through the overlay.
class OverlayRun {
 public:
  OverlayRun(const std::string& format, int width, int height, const std::string& properties = {}) {
    pipeline_ = gst_parse_launch(("appsrc name=in format=time ! noveltyoverlay name=o " +
                                  properties + " ! appsink name=out sync=false")
                                     .c_str(),
                                 nullptr);
    const std::string text = "video/x-raw,format=" + format + ",width=" + std::to_string(width) +
                             ",height=" + std::to_string(height) + ",framerate=10/1";
    GstCaps* caps = gst_caps_from_string(text.c_str());
    gst_video_info_from_caps(&info_, caps);
    in_ = gst_bin_get_by_name(GST_BIN(pipeline_), "in");
    out_ = gst_bin_get_by_name(GST_BIN(pipeline_), "out");
    gst_app_src_set_caps(GST_APP_SRC(in_), caps);
    gst_caps_unref(caps);
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  }
  ~OverlayRun() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(in_);
    gst_object_unref(out_);
    gst_object_unref(pipeline_);
  }
  OverlayRun(const OverlayRun&) = delete;
  OverlayRun& operator=(const OverlayRun&) = delete;

  // The frame's bytes after the overlay; a null meta attaches none.
  Bytes push(const NoveltyMeta* meta) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, info_.size, nullptr);
    gst_buffer_memset(buffer, 0, kGrey, info_.size);
    GST_BUFFER_PTS(buffer) = 0;
    if (meta != nullptr) novelty::add_novelty_meta(buffer, *meta);
    gst_app_src_push_buffer(GST_APP_SRC(in_), buffer);
    GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out_), 10 * GST_SECOND);
    if (sample == nullptr) return {};
    Bytes bytes(gst_buffer_get_size(gst_sample_get_buffer(sample)));
    gst_buffer_extract(gst_sample_get_buffer(sample), 0, bytes.data(), bytes.size());
    gst_sample_unref(sample);
    return bytes;
  }

  std::size_t size() const { return info_.size; }

  // How many bytes of the first plane differ from grey within a box of pixels.
  int changed(const Bytes& bytes, int x0, int y0, int x1, int y1) const {
    const int step = GST_VIDEO_INFO_COMP_PSTRIDE(&info_, 0);
    int count = 0;
    for (int y = y0; y < y1; ++y) {
      for (int x = x0; x < x1; ++x) {
        count += bytes[static_cast<unsigned>(y * info_.stride[0] + x * step)] != kGrey;
      }
    }
    return count;
  }

  static constexpr std::uint8_t kGrey = 128;

 private:
  GstVideoInfo info_{};
  GstElement* pipeline_ = nullptr;
  GstElement* in_ = nullptr;
  GstElement* out_ = nullptr;
};

const char* const kOnlyMap = "show-regions=false show-state=false show-history=false";

class OverlayFormats : public testing::TestWithParam<const char*> {};

TEST_P(OverlayFormats, LeavesFramesWithoutMetaAlone) {
  OverlayRun run(GetParam(), 320, 240);
  EXPECT_EQ(run.push(nullptr), Bytes(run.size(), OverlayRun::kGrey));
}

TEST_P(OverlayFormats, DrawsHeatWhereTheMapIsHighAndNowhereElse) {
  OverlayRun run(GetParam(), 320, 240, kOnlyMap);
  const NoveltyMeta meta = novel_meta();
  const Bytes bytes = run.push(&meta);
  ASSERT_EQ(bytes.size(), run.size());
  EXPECT_EQ(run.changed(bytes, 280, 210, 320, 240), 40 * 30);
  EXPECT_EQ(run.changed(bytes, 0, 0, 320, 150), 0);
  EXPECT_EQ(run.changed(bytes, 0, 0, 200, 240), 0);
}

// Up to the last odd line and column.
TEST_P(OverlayFormats, DrawsHeatInLargeFrames) {
  OverlayRun run(GetParam(), 1283, 727, kOnlyMap);
  const NoveltyMeta meta = novel_meta();
  const Bytes bytes = run.push(&meta);
  ASSERT_EQ(bytes.size(), run.size());
  EXPECT_EQ(run.changed(bytes, 1123, 637, 1283, 727), 160 * 90);
  EXPECT_EQ(run.changed(bytes, 0, 0, 1283, 450), 0);
  EXPECT_EQ(run.changed(bytes, 0, 0, 800, 727), 0);
}

TEST_P(OverlayFormats, KeepsANormalFrameClean) {
  OverlayRun run(GetParam(), 320, 240, kOnlyMap);
  const NoveltyMeta meta = normal_meta();
  EXPECT_EQ(run.push(&meta), Bytes(run.size(), OverlayRun::kGrey));
}

TEST_P(OverlayFormats, TakesTinyAndOddSizes) {
  for (const auto& [width, height] : {std::pair{1, 1}, {2, 3}, {1, 97}, {33, 5}, {201, 203}}) {
    OverlayRun run(GetParam(), width, height);
    const NoveltyMeta meta = novel_meta();
    EXPECT_EQ(run.push(&meta).size(), run.size()) << width << "x" << height;
  }
}

INSTANTIATE_TEST_SUITE_P(All, OverlayFormats,
                         testing::Values("NV12", "I420", "YUY2", "RGB", "BGR", "RGBA", "RGBx",
                                         "BGRA", "BGRx", "GRAY8"),
                         [](const auto& test) { return std::string(test.param); });

TEST(Overlay, OutlinesRegions) {
  OverlayRun run("GRAY8", 320, 240, "show-map=false show-state=false show-history=false");
  const NoveltyMeta meta = novel_meta();
  const Bytes bytes = run.push(&meta);
  ASSERT_EQ(bytes.size(), run.size());
  EXPECT_EQ(run.changed(bytes, 160, 120, 240, 122), 80 * 2);  // the top edge
  EXPECT_EQ(run.changed(bytes, 170, 130, 230, 170), 0);       // inside
  EXPECT_EQ(run.changed(bytes, 0, 0, 160, 240), 0);           // beside
}

TEST(Overlay, LabelsARegionWithItsPValue) {
  NoveltyMeta meta = novel_meta();
  const auto labelled = [&](float p_value) {
    meta.regions =
        novelty::pack_regions(std::vector<novelty::Region>{{0.5F, 0.5F, 0.25F, 0.25F, p_value}});
    OverlayRun run("GRAY8", 640, 480, "show-map=false show-state=false show-history=false");
    return std::pair(run.push(&meta), run.changed(run.push(&meta), 320, 215, 480, 240));
  };
  const auto [picture, pixels] = labelled(0.01F);
  EXPECT_GT(pixels, 500);
  EXPECT_NE(picture, labelled(1e-5F).first);
  EXPECT_EQ(labelled(std::numeric_limits<float>::quiet_NaN()).second, 0);
}

TEST(Overlay, BlendsAllFormatsOfAnEvenColourAlike) {
  NoveltyMeta meta = novel_meta();
  meta.map = novelty::pack_map(std::vector<float>(kMapSide * kMapSide, 1e6F));
  const auto corner = [&](const char* format, std::size_t byte) {
    OverlayRun run(format, 321, 241, kOnlyMap);
    const Bytes bytes = run.push(&meta);
    return std::pair(int{bytes.at(byte)}, run.changed(bytes, 0, 0, 321, 241));
  };
  const auto [red, changed] = corner("RGB", 0);
  EXPECT_EQ(changed, 321 * 241);
  for (const auto& [format, byte] : {std::pair{"BGR", 2}, {"RGBx", 0}, {"BGRA", 2}})
    EXPECT_EQ(corner(format, static_cast<std::size_t>(byte)), std::pair(red, changed)) << format;
  for (const char* format : {"NV12", "YUY2"})
    EXPECT_EQ(corner(format, 0), corner("I420", 0)) << format;
}

TEST(Overlay, DrawsStateAndHistoryAtTheTopLeftOnly) {
  OverlayRun run("GRAY8", 640, 480, "show-map=false show-regions=false");
  const NoveltyMeta meta = novel_meta();
  const Bytes bytes = run.push(&meta);
  ASSERT_EQ(bytes.size(), run.size());
  EXPECT_GT(run.changed(bytes, 0, 0, 320, 120), 5000);
  EXPECT_EQ(run.changed(bytes, 0, 240, 640, 480), 0);
}

TEST(Overlay, ShowsEachStateDifferently) {
  NoveltyMeta meta = novel_meta();
  std::vector<Bytes> pictures;
  for (const auto& [novel, held] : {std::pair{false, false}, {true, false}, {false, true}}) {
    meta.novel = novel;
    meta.held = held;
    OverlayRun run("GRAY8", 640, 480, "show-map=false show-regions=false show-history=false");
    pictures.push_back(run.push(&meta));
  }
  EXPECT_NE(pictures[0], pictures[1]);
  EXPECT_NE(pictures[1], pictures[2]);
  EXPECT_NE(pictures[0], pictures[2]);
}

TEST(Overlay, RenewsThePanelTenTimesASecondAndWithItsState) {
  OverlayRun run("GRAY8", 640, 480, "show-map=false show-regions=false");
  NoveltyMeta meta = novel_meta();
  const auto picture = [&](GstClockTime ms, double score, bool novel) {
    meta.scored_pts = ms * GST_MSECOND;
    meta.score = score;
    meta.novel = novel;
    return run.push(&meta);
  };
  const Bytes first = picture(0, 3, true);
  EXPECT_EQ(picture(66, 4, true), first);
  const Bytes second = picture(100, 4, true);
  EXPECT_NE(second, first);
  EXPECT_NE(picture(133, 1, false), second);
  EXPECT_NE(picture(50, 5, true), second);  // a jump back in time
}

TEST(Overlay, DrawsNothingWithAllSwitchedOff) {
  OverlayRun run("NV12", 320, 240, std::string("show-map=false ") + kOnlyMap);
  const NoveltyMeta meta = novel_meta();
  EXPECT_EQ(run.push(&meta), Bytes(run.size(), OverlayRun::kGrey));
}

TEST(Overlay, OpacityZeroHidesTheMap) {
  OverlayRun run("RGB", 320, 240, std::string("opacity=0 ") + kOnlyMap);
  const NoveltyMeta meta = novel_meta();
  EXPECT_EQ(run.push(&meta), Bytes(run.size(), OverlayRun::kGrey));
}

TEST(Overlay, TakesValuesThatAreNoNumbers) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  NoveltyMeta meta = novel_meta();
  meta.score = kNan;
  meta.threshold = kInf;
  std::vector<float> map(kMapSide * kMapSide, kNan);
  map[0] = kInf;
  map[1] = -kInf;
  meta.map = novelty::pack_map(map);
  meta.region_count = 3;
  meta.regions = novelty::pack_regions(std::vector<novelty::Region>{
      {kNan, 0, 1, 1}, {-5, -5, 100, 100}, {0.9F, 0.9F, -0.5F, 1e30F}});
  OverlayRun run("I420", 320, 240);
  EXPECT_EQ(run.push(&meta).size(), run.size());
  meta.score = 1e300;
  meta.threshold = -1e300;
  meta.scored_pts = GST_SECOND;
  EXPECT_EQ(run.push(&meta).size(), run.size());
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  novelty::register_novelty_meta();
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  return result;
}
