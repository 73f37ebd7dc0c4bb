// SPDX-License-Identifier: Apache-2.0
// The detector over a small bundle and the stand-in backend, whose scores are known by hand: an
// area of brightness b scores 4 b^2.
#include "novelty/detector.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "novelty/area_mask.h"
#include "novelty/error.h"
#include "temp_dir.h"
#include "test_model.h"

namespace novelty {
namespace {

class DetectorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string build = std::getenv("NOVELTY_BUILD_ROOT");
    setenv("NOVELTY_BACKEND_DIR", (build + "/tests/support/fake_backend").c_str(), 1);
  }

  void SetUp() override { testing::write_test_model(path_); }

  const testing::TempDir folder_;
  const std::string path_ = folder_ / "m.novelty";
};

// A 64x64 grey picture, black but for `bright` in the patch at column 1, row 2.
std::vector<std::uint8_t> picture(std::uint8_t bright) {
  std::vector<std::uint8_t> pixels(64 * 64 * 3, 0);
  for (int y = 32; y < 48; ++y)
    for (int x = 16; x < 32; ++x)
      for (int c = 0; c < 3; ++c) pixels[static_cast<std::size_t>((y * 64 + x) * 3 + c)] = bright;
  return pixels;
}

FrameView view(const std::vector<std::uint8_t>& pixels) {
  FrameView frame;
  frame.format = PixelFormat::kRgb;
  frame.width = frame.height = 64;
  frame.planes[0] = {pixels.data(), 64 * 3};
  return frame;
}

FrameScore score_of_picture(const Detector& detector, std::uint8_t bright,
                            const AreaMask& area = {}) {
  PreparedFrame prepared;
  FrameScore score;
  const auto pixels = picture(bright);
  detector.prepare(view(pixels), prepared);
  detector.score(prepared, *detector.make_scratch(), score,
                 area.counted(detector.info().grid_size));
  return score;
}

TEST_F(DetectorTest, ScoresMapsAndLocates) {
  const auto detector = Detector::load(path_);
  const FrameScore dark = score_of_picture(*detector, 0), bright = score_of_picture(*detector, 255);
  EXPECT_LT(dark.score, 0.1);
  EXPECT_FALSE(dark.novel);
  EXPECT_TRUE(dark.regions.empty());
  EXPECT_NEAR(bright.score, 2, 0.2);  // the mean of the two highest patches, 4 and about 0
  EXPECT_TRUE(bright.novel);
  EXPECT_LT(bright.p_value, dark.p_value);
  EXPECT_DOUBLE_EQ(bright.p_value, detector->p_value(bright.score));
  ASSERT_EQ(bright.map.size(), 16U);
  EXPECT_NEAR(bright.map[2 * 4 + 1], 8, 1);  // 4 on a scale that is 1 at 0.5
  ASSERT_EQ(bright.regions.size(), 1U);
  EXPECT_FLOAT_EQ(bright.regions[0].x, 0.25F);
  EXPECT_FLOAT_EQ(bright.regions[0].y, 0.5F);
  EXPECT_LT(bright.regions[0].p_value, 0.001F);
}

TEST_F(DetectorTest, LeavesOutWhatAMaskDoesNotCount) {
  const auto detector = Detector::load(path_);
  const std::string around = "0.25,0.5 0.5,0.5 0.5,0.75 0.25,0.75";  // the bright patch
  const FrameScore whole = score_of_picture(*detector, 255);
  const FrameScore within = score_of_picture(*detector, 255, {around, ""});
  EXPECT_NEAR(within.score, whole.score, 0.05);  // the second patch counted is 0, not about 0
  EXPECT_LE(within.score, whole.score);
  EXPECT_EQ(within.map[2 * 4 + 1], whole.map[2 * 4 + 1]);
  ASSERT_EQ(within.regions.size(), 1U);
  EXPECT_EQ(within.regions[0].p_value, whole.regions[0].p_value);
  const FrameScore without = score_of_picture(*detector, 255, {"", around});
  EXPECT_LT(without.score, 0.1);
  EXPECT_FALSE(without.novel);
  EXPECT_EQ(without.map[2 * 4 + 1], 0);
  EXPECT_TRUE(without.regions.empty());
}

TEST_F(DetectorTest, RefusesAMaskOfAnotherGrid) {
  const auto detector = Detector::load(path_);
  PreparedFrame frame;
  FrameScore score;
  const auto pixels = picture(0);
  detector->prepare(view(pixels), frame);
  const std::vector<std::uint8_t> counted(9, 1);
  EXPECT_THROW(detector->score(frame, *detector->make_scratch(), score, counted), Error);
}

TEST_F(DetectorTest, GivesTheBundlesFactsAndEventOptions) {
  const auto detector = Detector::load(path_);
  EXPECT_EQ(detector->info().path, path_);
  EXPECT_EQ(detector->info().input_size, 64);
  EXPECT_DOUBLE_EQ(detector->event_options().threshold, 0.5);
  EXPECT_NEAR(detector->score_of(detector->p_value(0.7)), 0.7, 1e-9);
}

TEST_F(DetectorTest, DoesNotNeedTheFileAfterLoading) {
  const auto detector = Detector::load(path_);
  const double before = score_of_picture(*detector, 200).score;
  std::filesystem::resize_file(path_, 10);
  EXPECT_DOUBLE_EQ(score_of_picture(*detector, 200).score, before);
}

TEST_F(DetectorTest, KeepsCopiesOfAPreparedFrameApart) {
  const auto detector = Detector::load(path_);
  PreparedFrame first;
  const auto dark = picture(0), bright = picture(255);
  detector->prepare(view(dark), first);
  PreparedFrame second = first;
  detector->prepare(view(bright), second);
  EXPECT_NE(first.workspace, second.workspace);
  EXPECT_NE(first.patches, second.patches);
  const auto* memory = second.patches.data();
  detector->prepare(view(dark), second);
  EXPECT_EQ(second.patches.data(), memory);
  EXPECT_EQ(first.patches, second.patches);
}

TEST_F(DetectorTest, LoadsAndScoresOnManyThreads) {
  const double expected = score_of_picture(*Detector::load(path_), 128).score;
  std::vector<double> scores(4);
  std::vector<std::thread> threads;
  for (double& score : scores)
    threads.emplace_back([&] { score = score_of_picture(*Detector::load(path_), 128).score; });
  for (auto& thread : threads) thread.join();
  for (const double score : scores) EXPECT_DOUBLE_EQ(score, expected);
}

TEST_F(DetectorTest, IsSharedWhileItIsInUse) {
  auto detector = Detector::load(path_);
  EXPECT_EQ(Detector::load(path_), detector);
  EXPECT_NE(Detector::load(path_, {.threads = 3}), detector);
  const std::weak_ptr<const Detector> last = detector;
  detector.reset();
  EXPECT_TRUE(last.expired());
}

TEST_F(DetectorTest, RefusesPrecisionsThatTheModelWasNotCheckedIn) {
  EXPECT_EQ(Detector::load(path_)->info().precision, "fp32");
  for (const std::string precision : {"bf16", "int8", "fp64"}) {
    DetectorOptions options;
    options.precision = precision;
    try {
      Detector::load(path_, options);
      ADD_FAILURE() << precision;
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find(precision), std::string::npos) << text;
    }
  }
}

TEST_F(DetectorTest, RefusesForeignScratchAndUnpreparedFrames) {
  const auto detector = Detector::load(path_), other = Detector::load(path_, {.threads = 3});
  PreparedFrame frame;
  FrameScore score;
  EXPECT_THROW(detector->score(frame, *detector->make_scratch(), score), Error);
  const auto pixels = picture(0);
  detector->prepare(view(pixels), frame);
  EXPECT_THROW(detector->score(frame, *other->make_scratch(), score), Error);
}

TEST_F(DetectorTest, ChecksItsOptions) {
  DetectorOptions options;
  for (const int threads : {-1, 65}) {
    options.threads = threads;
    EXPECT_THROW(Detector::load(path_, options), Error);
  }
  options.threads = 1;
  options.device = "gpu";
  try {
    Detector::load(path_, options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSettings);
    EXPECT_STREQ(
        error.what(),
        "device: there is no device \"gpu\" (use auto, cpu, cuda, or cuda:1 for the second GPU)");
  }
}

TEST_F(DetectorTest, NamesAFileThatIsNoModel) {
  std::ofstream(path_) << "not a model";
  try {
    Detector::load(path_);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFormat);
    EXPECT_NE(std::string(error.what()).find(path_), std::string::npos);
  }
  EXPECT_THROW(Detector::load(folder_ / "none.novelty"), Error);
}

}  // namespace
}  // namespace novelty
