// SPDX-License-Identifier: Apache-2.0
// `novelty evaluate classes` on images of parts laid out as MVTec AD's.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "child.h"
#include "made_files.h"
#include "mvtec_data.h"
#include "novelty/error.h"
#include "pixel_truth.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::ChildResult;
using testing::text_of;

namespace fs = std::filesystem;

class EvaluateMvtec : public ::testing::Test {
 protected:
  EvaluateMvtec() {
    for (const char* category : {"bolt", "nut"}) {
      for (int i = 0; i < 24; ++i) draw(category, "train/good", i, 0);
      for (int i = 0; i < 6; ++i) draw(category, "test/good", 30 + i, 0);
      for (int i = 0; i < 4; ++i) {
        draw(category, "test/scratch", 40 + i, 220);
        draw(category, "ground_truth/scratch", 40 + i, 255, "_mask", 0);
      }
    }
    testing::make_tiny_teacher(file("t.safetensors"));
  }

  // A dark part, a corner of which has the brightness `spot` where that is over 0.
  void draw(const std::string& category, const std::string& folder, int number, int spot,
            const std::string& ending = {}, int ground = 40) const {
    const std::string path = file("data/" + category + "/" + folder);
    fs::create_directories(path);
    const int level = ground == 0 ? 0 : ground + number % 5;
    cv::Mat image(64, 64, CV_8UC3, cv::Scalar(level, level, level));
    if (spot > 0) image(cv::Rect(0, 0, 32, 16)).setTo(cv::Scalar(spot, spot, spot));
    cv::imwrite(path + "/" + std::to_string(100 + number) + ending + ".png", image);
  }

  std::string file(const std::string& name) const { return folder_ / name; }

  ChildResult run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{testing::novelty_program(), "evaluate", "classes"};
    for (const char* part : {"--data", "data", "--out", "out", "--teacher", "t.safetensors"})
      all.emplace_back(part);
    all.insert(all.end(), more.begin(), more.end());
    return testing::run_child(all, folder_.path());
  }
  json result() const { return json::parse(text_of(file("out/result.json"))); }

  testing::TempDir folder_;
};

TEST_F(EvaluateMvtec, FindsDefectsAndWhereTheyAre) {
  if (std::string(std::getenv("NOVELTY_BACKEND_DIR")).find("fake") != std::string::npos)
    GTEST_SKIP() << "this build has no LibTorch backend";
  const ChildResult done = run({"--loss", "smooth-l1"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_NE(done.out.find("pixels, bolt: AUROC"), std::string::npos) << done.out;
  const json found = result();
  EXPECT_EQ(found.at("protocol"), "mvtec");
  EXPECT_EQ(found.at("preset"), "inspection");
  EXPECT_EQ(found.at("student").at("loss"), "smooth-l1");
  for (const char* category : {"bolt", "nut"}) {
    const json& one = found.at("classes").at(category);
    EXPECT_EQ(one.at("trained"), 24);
    EXPECT_EQ(one.at("normal"), 6);
    EXPECT_EQ(one.at("novel"), 4);
    EXPECT_EQ(one.at("auroc").at("score"), 1.0);
    // Patches are of 16 pixels, as the defects: only their rims are blurred.
    EXPECT_GT(one.at("pixel_auroc"), 0.95);
    EXPECT_GT(one.at("aupro"), 0.9);
  }
  EXPECT_NE(text_of(file("out/report.html")).find("Where it is novel"), std::string::npos);
  EXPECT_TRUE(fs::exists(file("out/bolt/models/bolt.novelty")));
  const ChildResult again = run({"--loss", "smooth-l1"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("distilling"), std::string::npos) << "nothing is trained twice";
}

TEST_F(EvaluateMvtec, TakesOneCategoryAndNamesOfSome) {
  const auto all = read_mvtec(file("data"), {});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].task.name, "bolt");
  EXPECT_EQ(read_mvtec(file("data"), "nut").at(0).task.name, "nut");
  EXPECT_EQ(read_mvtec(file("data/bolt/"), {}).at(0).task.name, "bolt");
  EXPECT_TRUE(is_mvtec(file("data")));
  EXPECT_FALSE(is_mvtec(file("data/bolt/train")));
  EXPECT_FALSE(is_mvtec(file("none")));
  draw("nut", "train/bad", 0, 220);
  EXPECT_FALSE(is_mvtec(file("data/nut"))) << "two classes, one of them called good";
}

void expect_refused(const ChildResult& done, const std::string& part) {
  EXPECT_NE(done.status, 0);
  EXPECT_NE(done.err.find(part), std::string::npos) << done.err;
  EXPECT_EQ(done.err.find("features"), std::string::npos) << "it was told too late";
}

TEST_F(EvaluateMvtec, SaysWhatIsWrongBeforeItTrains) {
  expect_refused(run({"--classes", "screw"}), "there is no category \"screw\"");
  expect_refused(run({"--protocol", "one-vs-all"}), "--protocol");
  expect_refused(run({"--holdout", "2"}), "--holdout");
  const std::string mask = file("data/nut/ground_truth/scratch/141_mask.png");
  testing::make_image(mask, 32, 64, 0xffffff);
  expect_refused(run(), "141_mask.png: is of 32x64 pixels, its image of 64x64");
  testing::write_text(mask, "no image");
  expect_refused(run(), "141_mask.png");
  fs::remove(mask);
  expect_refused(run(), "141.png: shows a defect and has no mask");
  fs::remove_all(file("data/nut/test/scratch"));
  expect_refused(run(), "has no test images of good ones and defects");
}

TEST_F(EvaluateMvtec, NumbersTheRegionsOfAMask) {
  cv::Mat mask(8, 8, CV_8UC1, cv::Scalar(0));
  mask(cv::Rect(0, 0, 2, 2)).setTo(255);
  mask(cv::Rect(2, 2, 2, 2)).setTo(255);  // touches at a corner
  mask(cv::Rect(6, 6, 2, 2)).setTo(128);
  mask(cv::Rect(6, 0, 2, 2)).setTo(127);
  cv::imwrite(file("mask.png"), mask);
  std::vector<std::uint32_t> regions(16);
  EXPECT_EQ(mask_regions(file("mask.png"), 4, 5, regions), 2U);
  EXPECT_EQ(regions, (std::vector<std::uint32_t>{5, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6}));
}

TEST(PixelValues, AreThePatchesBilinearly) {
  const std::vector<float> values{0, 4, 8, 12};
  std::vector<float> out(16);
  pixel_values(values, 2, 4, out);
  EXPECT_EQ(out, (std::vector<float>{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}));
}

}  // namespace
}  // namespace novelty
