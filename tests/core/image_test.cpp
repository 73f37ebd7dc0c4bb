// SPDX-License-Identifier: Apache-2.0
// core/image: every pixel format against a double-precision reference, and what it must refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "image/preprocess.h"
#include "image_reference.h"
#include "novelty/error.h"

namespace novelty {
namespace {

using testing::GuardedPicture;
using testing::PictureOptions;
using testing::Placement;

// Float sums of some 30 positive terms a pass in two passes, each step rounding by 2^-24 of at most
// 255 levels, then scaled by at most 2.2 (Cb to B') / 224: 60 * 2^-24 * 2.2 * 255 / 224 = 9e-6.
constexpr double kTolerance = 9e-6;

constexpr int kSize = 16;
constexpr int kPatch = 4;

const std::vector<std::pair<PixelFormat, std::string>> kFormats = {
    {PixelFormat::kNv12, "NV12"},  {PixelFormat::kI420, "I420"}, {PixelFormat::kYuy2, "YUY2"},
    {PixelFormat::kRgb, "RGB"},    {PixelFormat::kBgr, "BGR"},   {PixelFormat::kRgba, "RGBA"},
    {PixelFormat::kRgbx, "RGBx"},  {PixelFormat::kBgra, "BGRA"}, {PixelFormat::kBgrx, "BGRx"},
    {PixelFormat::kGray8, "GRAY8"}};

std::vector<float> patches_of(const FrameView& frame, int size = kSize, int patch = kPatch) {
  PreprocessScratch scratch;
  std::vector<float> patches;
  preprocess(frame, size, patch, scratch, patches);
  return patches;
}

// [size, size, 3] of patches, by the layout the header states.
std::vector<float> unpatched(const std::vector<float>& patches, int size, int patch) {
  std::vector<float> picture;
  const int grid = size / patch;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int index = (y / patch) * grid + x / patch;
        picture.push_back(patches[index * 3 * patch * patch + c * patch * patch +
                                  (y % patch) * patch + x % patch]);
      }
    }
  }
  return picture;
}

void expect_reference(const FrameView& frame, const std::string& name) {
  const auto expected = testing::reference_picture(frame, kSize);
  const auto patches = patches_of(frame);
  ASSERT_EQ(patches.size(), expected.size());
  const auto got = unpatched(patches, kSize, kPatch);
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::abs(got[i] - expected[i]) > worst) worst = std::abs(got[i] - expected[at = i]);
  }
  EXPECT_LE(worst, kTolerance) << name << " " << frame.width << "x" << frame.height << " element "
                               << at << ": " << got[at] << " instead of " << expected[at];
}

const std::vector<std::pair<int, int>> kSizes = {{1, 1},   {1, 2},   {2, 1},   {3, 5},   {5, 90},
                                                 {16, 16}, {17, 15}, {32, 32}, {33, 31}, {90, 7},
                                                 {61, 47}, {25, 33}, {64, 40}};

TEST(Preprocess, MatchesTheReferenceInEveryFormatAndSize) {
  for (const auto& [format, name] : kFormats) {
    for (const auto& [width, height] : kSizes) {
      GuardedPicture picture(format, width, height);
      expect_reference(picture.frame, name);
    }
  }
}

TEST(Preprocess, MatchesTheReferenceInEveryColorimetry) {
  for (const auto& [format, name] : kFormats) {
    GuardedPicture picture(format, 45, 35);
    for (const auto matrix : {ColorMatrix::kBt601, ColorMatrix::kBt709}) {
      for (const auto range : {ColorRange::kLimited, ColorRange::kFull}) {
        for (const auto site : {ChromaSite::kLeft, ChromaSite::kCenter}) {
          picture.frame.matrix = matrix;
          picture.frame.range = range;
          picture.frame.chroma_site = site;
          expect_reference(picture.frame, name);
        }
      }
    }
  }
}

TEST(Preprocess, ReadsNothingBesideTheRows) {
  for (const auto& [format, name] : kFormats) {
    for (const auto& [width, height] : kSizes) {
      const auto plain = patches_of(GuardedPicture(format, width, height).frame);
      for (const bool bottom_up : {false, true}) {
        for (const int padding : {0, 1, 13}) {
          for (const auto placement : {Placement::kAtStart, Placement::kAtEnd}) {
            const PictureOptions options{padding, bottom_up, placement, 1};
            GuardedPicture picture(format, width, height, options);
            EXPECT_EQ(patches_of(picture.frame), plain) << name << " " << width << "x" << height;
          }
        }
      }
    }
  }
}

TEST(Preprocess, LeavesAPictureOfTheInputSizeExact) {
  for (const auto format : {PixelFormat::kRgb, PixelFormat::kBgrx}) {
    GuardedPicture picture(format, 224, 224);
    const auto got = unpatched(patches_of(picture.frame, 224, 16), 224, 16);
    const int step = format == PixelFormat::kRgb ? 3 : 4;
    for (int i = 0; i < 224 * 224; ++i) {
      for (int c = 0; c < 3; ++c) {
        const int offset = format == PixelFormat::kRgb ? c : 2 - c;
        const std::uint8_t level = picture.frame.planes[0].data[i * step + offset];
        ASSERT_EQ(got[i * 3 + c], static_cast<float>(level) / 255.0F) << i << " " << c;
      }
    }
  }
}

TEST(Preprocess, GivesTheSameBitsForNv12AndI420) {
  for (const auto& [width, height] : kSizes) {
    GuardedPicture planar(PixelFormat::kI420, width, height);
    GuardedPicture paired(PixelFormat::kNv12, width, height);
    const auto copy = [&](int plane, int from_plane, int offset, int step, int columns, int rows) {
      const PlaneView& to = paired.frame.planes[plane];
      const PlaneView& from = planar.frame.planes[from_plane];
      for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < columns; ++x) {
          const_cast<std::uint8_t*>(to.data)[y * to.stride_bytes + offset + x * step] =
              from.data[y * from.stride_bytes + x];
        }
      }
    };
    copy(0, 0, 0, 1, width, height);
    copy(1, 1, 0, 2, (width + 1) / 2, (height + 1) / 2);
    copy(1, 2, 1, 2, (width + 1) / 2, (height + 1) / 2);
    EXPECT_EQ(patches_of(planar.frame), patches_of(paired.frame)) << width << "x" << height;
  }
}

// A smooth picture as Y'CbCr (full range, bt601) at any point, in pixels.
std::array<double, 3> smooth_ycbcr(double x, double y) {
  const double wave = 2 * std::numbers::pi / 40;
  return {128 + 40 * std::sin(wave * (x + y)), 128 + 40 * std::sin(wave * x),
          128 + 40 * std::cos(wave * (x - 0.5 * y))};
}

struct Painted {
  std::vector<std::uint8_t> bytes[2];
  FrameView frame;
};

std::uint8_t rounded(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

void paint_rgb(Painted& painted, int side) {
  painted.frame = {PixelFormat::kRgb, side, side};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const auto [luma, cb, cr] = smooth_ycbcr(x + 0.5, y + 0.5);
      const double red = luma + 1.402 * (cr - 128);
      const double blue = luma + 1.772 * (cb - 128);
      painted.bytes[0].push_back(rounded(red));
      painted.bytes[0].push_back(rounded((luma - 0.299 * red - 0.114 * blue) / 0.587));
      painted.bytes[0].push_back(rounded(blue));
    }
  }
  painted.frame.planes[0] = {painted.bytes[0].data(), 3 * side};
}

void paint_nv12(Painted& painted, int side, ChromaSite site) {
  painted.frame = {PixelFormat::kNv12, side, side, ColorMatrix::kBt601, ColorRange::kFull, site};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      painted.bytes[0].push_back(rounded(smooth_ycbcr(x + 0.5, y + 0.5)[0]));
    }
  }
  for (int y = 0; y < side / 2; ++y) {
    for (int x = 0; x < side / 2; ++x) {
      const double column = 2 * x + (site == ChromaSite::kLeft ? 0.5 : 1.0);
      const auto colour = smooth_ycbcr(column, 2 * y + 1);
      painted.bytes[1].push_back(rounded(colour[1]));
      painted.bytes[1].push_back(rounded(colour[2]));
    }
  }
  painted.frame.planes[0] = {painted.bytes[0].data(), side};
  painted.frame.planes[1] = {painted.bytes[1].data(), side};
}

// Chroma half a pixel off would be over 5 levels here; the coarser sampling leaves under 2.
TEST(Preprocess, PutsChromaWhereItsSitingSays) {
  for (const int side : {64, 48}) {
    Painted rgb;
    paint_rgb(rgb, side);
    const auto expected = unpatched(patches_of(rgb.frame), kSize, kPatch);
    for (const auto site : {ChromaSite::kLeft, ChromaSite::kCenter}) {
      Painted nv12;
      paint_nv12(nv12, side, site);
      const auto got = unpatched(patches_of(nv12.frame), kSize, kPatch);
      double worst = 0;
      for (int y = 1; y < kSize - 1; ++y) {
        for (int i = (y * kSize + 1) * 3; i < (y * kSize + kSize - 1) * 3; ++i) {
          worst = std::max(worst, std::abs(255.0 * (got[i] - expected[i])));
        }
      }
      EXPECT_LT(worst, 2.0) << side << " site " << static_cast<int>(site);
    }
  }
}

TEST(Preprocess, TakesExtremeSizes) {
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{4000, 3000}, {32768, 1}, {1, 32768}, {1, 1}}) {
    for (const auto format : {PixelFormat::kGray8, PixelFormat::kNv12}) {
      GuardedPicture picture(format, width, height);
      picture.frame.range = ColorRange::kFull;
      const auto patches = patches_of(picture.frame, 224, 16);
      EXPECT_TRUE(std::all_of(patches.begin(), patches.end(),
                              [](float v) { return v >= 0.0F && v <= 1.0F; }));
    }
  }
}

TEST(Preprocess, KeepsAConstantPictureConstant) {
  const std::vector<std::uint8_t> levels(3 * 100 * 75, 200);
  FrameView frame{PixelFormat::kRgb, 100, 75};
  frame.planes[0] = {levels.data(), 300};
  for (const float v : patches_of(frame)) EXPECT_NEAR(v, 200.0 / 255.0, kTolerance);
}

TEST(Preprocess, GivesTheSameWithAUsedScratch) {
  PreprocessScratch scratch;
  std::vector<float> patches;
  for (int round = 0; round < 2; ++round) {
    for (const auto& [format, name] : kFormats) {
      for (const auto& [width, height] : kSizes) {
        GuardedPicture picture(format, width, height);
        preprocess(picture.frame, kSize, kPatch, scratch, patches);
        EXPECT_EQ(patches, patches_of(picture.frame)) << name << " " << width << "x" << height;
      }
    }
  }
}

TEST(Preprocess, PictureOfIsTheInverse) {
  GuardedPicture picture(PixelFormat::kRgb, 32, 32);
  const auto back = picture_of(patches_of(picture.frame, 32, 16), 32, 16);
  ASSERT_EQ(back.size(), 3U * 32 * 32);
  EXPECT_TRUE(std::equal(back.begin(), back.end(), picture.frame.planes[0].data));
  EXPECT_THROW(picture_of(std::vector<float>(5), 32, 16), Error);
}

void expect_refused(const FrameView& frame, int size = kSize, int patch = kPatch) {
  try {
    patches_of(frame, size, patch);
    ADD_FAILURE() << frame.width << "x" << frame.height << " stride "
                  << frame.planes[0].stride_bytes << " to " << size << "/" << patch;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSettings) << error.what();
  }
}

TEST(Preprocess, RefusesSizesThatCannotBe) {
  GuardedPicture picture(PixelFormat::kRgb, 20, 20);
  for (const int side : {0, -1, 32769, INT32_MIN, INT32_MAX}) {
    FrameView frame = picture.frame;
    frame.width = side;
    expect_refused(frame);
    frame = picture.frame;
    frame.height = side;
    expect_refused(frame);
  }
  for (const auto& [size, patch] : std::vector<std::pair<int, int>>{
           {0, 4}, {-16, 4}, {16, 0}, {16, -4}, {16, 5}, {4100, 4}, {INT32_MAX, 1}}) {
    expect_refused(picture.frame, size, patch);
  }
}

TEST(Preprocess, RefusesMissingPlanesAndShortStrides) {
  for (const auto& [format, name] : kFormats) {
    GuardedPicture picture(format, 20, 20);
    for (int p = 0; p < 3 && picture.frame.planes[p].data != nullptr; ++p) {
      FrameView frame = picture.frame;
      frame.planes[p].data = nullptr;
      expect_refused(frame);
      for (const std::ptrdiff_t stride :
           {picture.frame.planes[p].stride_bytes - 1, 1 - picture.frame.planes[p].stride_bytes,
            std::ptrdiff_t{0}, PTRDIFF_MAX, PTRDIFF_MIN}) {
        frame = picture.frame;
        frame.planes[p].stride_bytes = stride;
        expect_refused(frame);
      }
    }
  }
  FrameView frame = GuardedPicture(PixelFormat::kRgb, 20, 20).frame;
  frame.format = static_cast<PixelFormat>(77);
  expect_refused(frame);
}

}  // namespace
}  // namespace novelty
