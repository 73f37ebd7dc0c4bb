// SPDX-License-Identifier: Apache-2.0
// AreaMask: polygons and PNGs, good, bad and hostile, and which patches count under them.
#include "novelty/area_mask.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "base/file.h"
#include "novelty/error.h"
#include "small_png.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::TempDir;
using testing::write_png;
using Counted = std::vector<std::uint8_t>;

Counted in_roi(const std::string& roi, int grid) {
  return AreaMask(roi, "").counted(grid);
}

int total(const Counted& counted) {
  return std::accumulate(counted.begin(), counted.end(), 0);
}

void expect_error(ErrorKind kind, const std::string& part, const std::function<void()>& action) {
  try {
    action();
    FAIL() << "no error about " << part;
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(error.kind(), kind) << text;
    EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_EQ(text.back(), ')') << "no remedy: " << text;
  }
}

void expect_bad_text(const std::string& text, const std::string& part) {
  SCOPED_TRACE(text);
  expect_error(ErrorKind::kSettings, part, [&] { AreaMask(text, ""); });
  expect_error(ErrorKind::kSettings, "ignore: ", [&] { AreaMask("", text); });
}

TEST(AreaMask, WithoutShapesCountsEverything) {
  EXPECT_TRUE(AreaMask().counted(14).empty());
  EXPECT_TRUE(AreaMask("", " \t\n").counted(14).empty());
}

TEST(AreaMask, CountsInsideTheRoi) {
  EXPECT_EQ(in_roi("0.5,0 1,0 1,1 0.5,1", 2), (Counted{0, 1, 0, 1}));
  EXPECT_EQ(in_roi("0,0 1,0 1,0.5 0,0.5", 2), (Counted{1, 1, 0, 0}));
  EXPECT_EQ(in_roi("0,0.5 0.5,0.5 0.5,1 0,1", 2), (Counted{0, 0, 1, 0}));
  EXPECT_EQ(total(in_roi("0,0 1,0 1,1 0,1", 14)), 196);
}

TEST(AreaMask, LeavesOutWhatIsIgnoredAlsoInsideTheRoi) {
  EXPECT_EQ(AreaMask("", "0.5,0 1,0 1,1 0.5,1").counted(2), (Counted{1, 0, 1, 0}));
  EXPECT_EQ(AreaMask("0,0 1,0 1,0.5 0,0.5", "0.5,0 1,0 1,1 0.5,1").counted(2),
            (Counted{1, 0, 0, 0}));
}

TEST(AreaMask, TakesSeveralPolygonsAndTheirUnion) {
  const Counted corners = {1, 0, 0, 1};
  EXPECT_EQ(in_roi("0,0 0.5,0 0.5,0.5 0,0.5; 0.5,0.5 1,0.5 1,1 0.5,1", 2), corners);
  EXPECT_EQ(in_roi("0.5,0.5 1,0.5 1,1 0.5,1;0,0 0.5,0 0.5,0.5 0,0.5;0,0 .5,0 .5,.5 0,.5", 2),
            corners);
}

TEST(AreaMask, TakesEveryOrientationAndWriting) {
  const Counted right = {0, 1, 0, 1};
  EXPECT_EQ(in_roi("0.5,1 1,1 1,0 0.5,0", 2), right);
  EXPECT_EQ(in_roi("  5e-1 , 1\n1,1\t1,0   .5,0 ", 2), right);
}

// The patch of a grid of one is cut at x = share.
Counted left_part(const std::string& share) {
  return in_roi("0,0 1,0 1,0.5 0,0.5; 0,0.5 " + share + ",0.5 " + share + ",1 0,1", 2);
}

TEST(AreaMask, CountsAPatchOfWhichHalfIsInside) {
  EXPECT_EQ(left_part("0.25"), (Counted{1, 1, 1, 0})) << "exactly half";
  EXPECT_EQ(left_part("0.2"), (Counted{1, 1, 0, 0}));
  EXPECT_EQ(left_part("0.7"), (Counted{1, 1, 1, 0}));
  EXPECT_EQ(left_part("0.75"), (Counted{1, 1, 1, 1}));
  // A strip half a patch wide in one column of a grid of 14, in decimals.
  EXPECT_EQ(total(in_roi("0.5,0 0.5357143,0 0.5357143,1 0.5,1", 14)), 14);
}

TEST(AreaMask, IgnoresAPatchOfWhichHalfIsIgnored) {
  EXPECT_EQ(AreaMask("", "0,0 0.25,0 0.25,1 0,1").counted(2), (Counted{0, 1, 0, 1}));
  EXPECT_EQ(AreaMask("", "0,0 0.2,0 0.2,1 0,1").counted(2), (Counted{1, 1, 1, 1}));
}

// Half the frame, along the diagonal: a patch on it is half inside, all above it are.
TEST(AreaMask, FollowsSlantedEdges) {
  const Counted counted = in_roi("0,0 1,0 1,1", 8);
  for (std::size_t i = 0; i < counted.size(); ++i)
    EXPECT_EQ(counted[i], i % 8 >= i / 8) << "patch " << i;
}

TEST(AreaMask, FillsWhatCrossesItselfByTurns) {
  // A bow tie: left and right triangle.
  EXPECT_EQ(in_roi("0,0 1,1 1,0 0,1", 3), (Counted{1, 0, 1, 1, 1, 1, 1, 0, 1}));
}

TEST(AreaMask, SaysWhereATextIsWrong) {
  expect_bad_text("door", "character 1: a number is expected");
  expect_bad_text("0.1,0.2 0.9", "character 12: a comma");
  expect_bad_text("0.1 0.2 0.9,1", "character 5: a comma");
  expect_bad_text("0.1,0.2 0.9,0.2", "fewer than three corners");
  expect_bad_text("0,0 1,0 1,1;", "fewer than three corners");
  expect_bad_text(";", "fewer than three corners");
  expect_bad_text("0,0 1,0 1,1; 0,0 1,0", "fewer than three corners");
  expect_bad_text("0,0 1,0 1,1.5", "character 11: the number is not in 0 to 1");
  expect_bad_text("-0.1,0 1,0 1,1", "character 1: the number is not in 0 to 1");
  expect_bad_text("0,0 100,0 100,100", "not in 0 to 1");
  expect_bad_text("nan,0 1,0 1,1", "not in 0 to 1");
  expect_bad_text("inf,0 1,0 1,1", "not in 0 to 1");
  expect_bad_text("1e999,0 1,0 1,1", "a number is expected");
  expect_bad_text("0,0 1,0 1,1 x", "character 13: a number is expected");
  expect_bad_text("/masks/door", "the path of a .png");
  expect_bad_text(std::string("0,0 1,0 1,1\0 0,0", 16), "a number is expected");
}

TEST(AreaMask, BoundsTheText) {
  std::string corners;
  while (corners.size() <= 65536) corners += "0,0 1,0 1,1 ";
  expect_bad_text(corners, "bytes of polygons");
  corners.resize(65532);
  EXPECT_GT(total(in_roi(corners, 14)), 14);
}

TEST(AreaMask, IsAnErrorWhereNothingIsLeft) {
  const std::string all = "0,0 1,0 1,1 0,1";
  expect_error(ErrorKind::kSettings, "roi: no patch", [] { in_roi("0,0 0.01,0 0.01,1", 14); });
  expect_error(ErrorKind::kSettings, "ignore: no patch", [&] { AreaMask("", all).counted(14); });
  expect_error(ErrorKind::kSettings, "roi and ignore: no patch",
               [&] { AreaMask(all, all).counted(14); });
}

TEST(AreaMask, ChecksTheGrid) {
  for (const int grid : {0, -1, 1025}) EXPECT_THROW(AreaMask().counted(grid), Error);
  EXPECT_EQ(total(in_roi("0,0 1,0 1,1 0,1", 1)), 1);
}

class MaskPng : public ::testing::Test {
 protected:
  Counted counted(const std::vector<std::uint8_t>& pixels, std::size_t width, std::size_t height,
                  int channels, int grid) const {
    write_png(path_, pixels, width, height, channels);
    return in_roi(path_, grid);
  }

  void expect_bad_file(ErrorKind kind, const std::string& part) const {
    expect_error(kind, part, [this] { in_roi(path_, 2); });
  }

  const TempDir dir_;
  const std::string path_ = dir_ / "mask.png";
};

TEST_F(MaskPng, IsInsideWhereItIsWhite) {
  EXPECT_EQ(counted({255, 0, 0, 255}, 2, 2, 1, 2), (Counted{1, 0, 0, 1}));
  EXPECT_EQ(AreaMask("", path_).counted(2), (Counted{0, 1, 1, 0}));
}

TEST_F(MaskPng, CountsFromHalfWhiteAndHalfOpaque) {
  EXPECT_EQ(counted({127, 128, 255, 0}, 2, 2, 1, 2), (Counted{0, 1, 1, 0}));
  EXPECT_EQ(counted({255, 127, 255, 128, 127, 255, 0, 0}, 2, 2, 2, 2), (Counted{0, 1, 0, 0}));
  EXPECT_EQ(counted({255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 255, 0}, 2, 2, 3, 2),
            (Counted{1, 0, 1, 1}))
      << "white, black, green and yellow";
  EXPECT_EQ(counted({255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 255, 9, 9, 9, 9}, 2, 2, 4, 2),
            (Counted{1, 0, 0, 0}));
}

TEST_F(MaskPng, IsStretchedOverTheFrame) {
  EXPECT_EQ(counted({0, 255}, 2, 1, 1, 4),
            (Counted{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}));
  EXPECT_EQ(counted({255}, 1, 1, 1, 2), (Counted{1, 1, 1, 1}));
  std::vector<std::uint8_t> tall(3 * 1000, 0);
  std::fill(tall.begin(), tall.begin() + 1500, 255);
  EXPECT_EQ(counted(tall, 3, 1000, 1, 2), (Counted{1, 1, 0, 0}));
}

TEST_F(MaskPng, MayBeNamedInCapitals) {
  const std::string capital = dir_ / "MASK.PNG";
  write_png(capital, std::vector<std::uint8_t>{255, 0}, 2, 1);
  EXPECT_EQ(in_roi(" " + capital + " ", 2), (Counted{1, 0, 1, 0}));
}

TEST_F(MaskPng, IsNotReadAgain) {
  write_png(path_, std::vector<std::uint8_t>{255, 0}, 2, 1);
  const AreaMask mask(path_, "");
  std::ofstream(path_) << "gone";
  EXPECT_EQ(mask.counted(2), (Counted{1, 0, 1, 0}));
}

TEST_F(MaskPng, ThatIsMissingIsSaid) {
  expect_bad_file(ErrorKind::kNotFound, "mask.png");
}

TEST_F(MaskPng, OfOtherBytesIsRefused) {
  std::ofstream(path_) << "P5 2 2 255 abcd";
  expect_bad_file(ErrorKind::kFormat, "is no readable PNG");
  std::ofstream(path_, std::ios::trunc).flush();
  expect_bad_file(ErrorKind::kFormat, "is no readable PNG");
}

TEST_F(MaskPng, CutOffIsRefused) {
  std::vector<std::uint8_t> noise(64 * 64);
  for (std::size_t i = 0; i < noise.size(); ++i)
    noise[i] = static_cast<std::uint8_t>(i * i * 7 % 251);
  const auto whole = testing::png_of(noise, 64, 64);
  for (const std::size_t size : {whole.size() / 2, std::size_t{40}, std::size_t{8}}) {
    write_file_atomically(path_, std::span(whole).first(size));
    expect_bad_file(ErrorKind::kFormat, "PNG");
  }
}

// Few bytes that unpack to many: the sizes in the header are refused before anything is allocated.
TEST_F(MaskPng, OfTooManyPixelsIsRefused) {
  write_png(path_, std::vector<std::uint8_t>(8192 * 8193, 255), 8192, 8193);
  expect_bad_file(ErrorKind::kFormat, "8192 x 8193 pixels");
}

TEST_F(MaskPng, OfTooManyBytesIsRefused) {
  std::ofstream(path_) << "PNG";
  std::filesystem::resize_file(path_, (64U << 20) + 1);
  expect_bad_file(ErrorKind::kFormat, "over 64 MiB");
}

}  // namespace
}  // namespace novelty
