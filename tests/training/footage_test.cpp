// SPDX-License-Identifier: Apache-2.0
// Videos, folders and tars as training footage.
#include "footage.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "image_files.h"
#include "made_files.h"
#include "novelty/error.h"
#include "picture.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::make_image;
using testing::make_video;
using testing::TempDir;

std::vector<std::string> labels_of(Footage& footage) {
  std::vector<std::string> labels;
  FrameView frame;
  for (std::size_t i = 0; footage.next(frame); ++i) labels.push_back(footage.label(i));
  return labels;
}

/// A digest of the pictures' first plane.
std::vector<std::uint64_t> pictures_of(Footage& footage) {
  std::vector<std::uint64_t> sums;
  FrameView frame;
  while (footage.next(frame)) {
    std::uint64_t sum = 14695981039346656037U;
    for (int y = 0; y < frame.height; ++y)
      for (int x = 0; x < frame.width; ++x)
        sum = (sum ^ frame.planes[0].data[y * frame.planes[0].stride_bytes + x]) * 1099511628211U;
    sums.push_back(sum);
  }
  return sums;
}

void make_tar(const std::string& tar, const std::string& folder) {
  const std::string command = "tar -cf '" + tar + "' -C '" + folder + "' .";
  ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): our own fixed command
}

TEST(VideoFootage, TakesOnlyTheRanges) {
  const TempDir folder;
  make_video(folder / "v.mp4", 20);
  const auto footage = open_footage({folder / "v.mp4"}, {FrameRanges::parse("2-3,10"), 2000});
  EXPECT_GT(footage->interval_s(), 0);
  EXPECT_EQ(footage->count(), 3U);
  EXPECT_EQ(labels_of(*footage), (std::vector<std::string>{"frame 2", "frame 3", "frame 10"}));
}

TEST(VideoFootage, YieldsTheFramesItNames) {
  const TempDir folder;
  make_video(folder / "v.mp4", 20);
  const auto all = open_footage({folder / "v.mp4"}, {});
  const auto some = open_footage({folder / "v.mp4"}, {FrameRanges::parse("5,17"), 2000});
  const auto every = pictures_of(*all);
  EXPECT_EQ(pictures_of(*some), (std::vector<std::uint64_t>{every.at(5), every.at(17)}));
}

TEST(VideoFootage, SamplesLongFootageEvenly) {
  const TempDir folder;
  make_video(folder / "v.mp4", 20);
  const auto footage = open_footage({folder / "v.mp4"}, {{}, 4});
  EXPECT_EQ(footage->count(), 4U);
  EXPECT_EQ(labels_of(*footage),
            (std::vector<std::string>{"frame 0", "frame 5", "frame 10", "frame 15"}));
}

TEST(VideoFootage, StartsOverAtAnyPicture) {
  const TempDir folder;
  make_video(folder / "a.mp4", 6);
  make_video(folder / "b.mp4", 9);
  const auto footage = open_footage({folder / "a.mp4", folder / "b.mp4"}, {});
  const auto all = pictures_of(*footage);
  ASSERT_EQ(all.size(), 15U);
  for (const std::size_t start : {0U, 5U, 6U, 14U}) {
    footage->rewind(start);
    const std::vector<std::uint64_t> expected(all.begin() + static_cast<std::ptrdiff_t>(start),
                                              all.end());
    EXPECT_EQ(pictures_of(*footage), expected) << start;
  }
  EXPECT_EQ(footage->label(6), "b.mp4, frame 0");
}

TEST(VideoFootage, SaysWhenARangeLiesBeyondTheEnd) {
  const TempDir folder;
  make_video(folder / "v.mp4", 5);
  try {
    open_footage({folder / "v.mp4"}, {FrameRanges::parse("100-200"), 2000})->count();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("has only 5 frames"), std::string::npos)
        << error.what();
  }
}

TEST(VideoFootage, IdentityFollowsContentAndRangesButNoFolder) {
  const TempDir one, other;
  make_video(one / "v.mp4", 5);
  std::filesystem::copy_file(one / "v.mp4", other / "v.mp4");
  const auto identity = [](const std::string& path, const char* ranges) {
    return open_footage({path}, {FrameRanges::parse(ranges), 2000})->identity();
  };
  const std::string first = identity(one / "v.mp4", "0-2");
  EXPECT_EQ(first, identity(other / "v.mp4", "0-2"));
  EXPECT_NE(first, identity(one / "v.mp4", "0-3"));
  EXPECT_EQ(first.find(one.path()), std::string::npos);
  make_video(other / "v.mp4", 6);
  EXPECT_NE(first, identity(other / "v.mp4", "0-2"));
}

TEST(ImageFootage, ReadsAFolderAndItsTarAlike) {
  const TempDir folder;
  std::filesystem::create_directories(folder / "in/b");
  make_image(folder / "in/b/1.png", 8, 6, 0xc80000);
  make_image(folder / "in/a.jpg", 9, 9, 0x00c800);
  make_image(folder / "in/c.PNG", 7, 5, 0x0000c8);
  testing::write_text(folder / "in/notes.txt", "no image");
  testing::write_text(folder / "in/.hidden.png", "no image");
  make_tar(folder / "in.tar", folder / "in");
  const auto plain = open_footage({folder / "in"}, {});
  const auto tarred = open_footage({folder / "in.tar"}, {});
  EXPECT_EQ(plain->interval_s(), 0);
  EXPECT_EQ(plain->count(), 3U);
  EXPECT_EQ(plain->identity(), tarred->identity());
  EXPECT_EQ(pictures_of(*plain), pictures_of(*tarred));
  EXPECT_EQ(plain->label(0), folder / "in/a.jpg");
  EXPECT_EQ(plain->label(1), folder / "in/b/1.png");
  EXPECT_EQ(tarred->label(1), "./b/1.png");
}

TEST(ImageFootage, LeavesOutAndReportsWhatCannotBeRead) {
  const TempDir folder;
  make_image(folder / "good.png", 8, 6, 0x010203);
  testing::write_text(folder / "bad.png", "no image");
  testing::write_text(folder / "empty.jpg", "");
  const auto footage = open_footage({folder.path()}, {});
  EXPECT_EQ(footage->count(), 1U);
  ASSERT_EQ(footage->warnings().size(), 2U);
  EXPECT_NE(footage->warnings()[0].find("bad.png"), std::string::npos);
}

TEST(ImageFootage, RefusesWhatHoldsNoReadableImage) {
  const TempDir folder;
  EXPECT_THROW(open_footage({folder.path()}, {}), Error);
  testing::write_text(folder / "bad.png", "no image");
  EXPECT_THROW(open_footage({folder.path()}, {})->count(), Error);
}

TEST(ImageFootage, ReportsADamagedTar) {
  const TempDir folder;
  std::filesystem::create_directories(folder / "in");
  for (int i = 0; i < 4; ++i)
    make_image(folder / ("in/" + std::to_string(i) + ".png"), 40, 40, 0x336699);
  make_tar(folder / "in.tar", folder / "in");
  std::filesystem::resize_file(folder / "in.tar", 2068);
  EXPECT_THROW(open_footage({folder / "in.tar"}, {})->count(), Error);
}

TEST(Footage, RefusesAMixture) {
  const TempDir folder;
  make_video(folder / "v.mp4", 2);
  make_image(folder / "i.png", 4, 4, 0);
  EXPECT_TRUE(are_images({folder / "i.png"}));
  EXPECT_FALSE(are_images({folder / "v.mp4"}));
  EXPECT_THROW(are_images({folder / "v.mp4", folder / "i.png"}), Error);
  EXPECT_THROW(are_images({folder / "none"}), Error);
}

TEST(Picture, MakesGreyAlphaAndSixteenBitsToColour) {
  const TempDir folder;
  testing::run_pipeline(
      "videotestsrc num-buffers=1 pattern=solid-color foreground-color=0xff808080 ! "
      "video/x-raw,format=GRAY8,width=2,height=2 ! pngenc ! filesink location=" +
      folder / "g.png");
  testing::run_pipeline(
      "videotestsrc num-buffers=1 pattern=solid-color foreground-color=0x000a141e ! "
      "video/x-raw,format=RGBA,width=2,height=2 ! pngenc ! filesink location=" +
      folder / "a.png");
  testing::run_pipeline(
      "videotestsrc num-buffers=1 pattern=solid-color foreground-color=0xff808080 ! "
      "video/x-raw,format=GRAY16_BE,width=2,height=2 ! pngenc ! filesink location=" +
      folder / "w.png");
  const auto first_pixel = [&](const char* name) {
    const Picture picture = decode_picture(read_image_file({name, folder / name, -1}), name);
    EXPECT_EQ(picture.width, 2);
    EXPECT_EQ(picture.bgr.size(), 12U);
    return std::vector<int>(picture.bgr.begin(), picture.bgr.begin() + 3);
  };
  EXPECT_NEAR(first_pixel("g.png")[0], 126, 1);  // videotestsrc draws 0x80 as luma 126
  EXPECT_EQ(first_pixel("a.png"), (std::vector<int>{30, 20, 10}));
  EXPECT_NEAR(first_pixel("w.png")[2], 126, 1);
}

TEST(Picture, TurnsUprightByExif) {
  const TempDir folder;
  make_image(folder / "wide.jpg", 20, 10, 0x090909);
  std::string bytes = testing::text_of(folder / "wide.jpg");
  // APP1 right after SOI: a big-endian TIFF with the one tag 0x0112 (orientation) = 6.
  const std::string exif(
      "\xff\xe1\x00\x22"
      "Exif\0\0"
      "MM\0\x2a\0\0\0\x08"
      "\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
      "\0\0\0\0",
      36);
  bytes.insert(2, exif);
  testing::write_text(folder / "turned.jpg", bytes);
  const Picture picture = decode_picture(read_image_file({"", folder / "turned.jpg", -1}), "");
  EXPECT_EQ(picture.width, 10);
  EXPECT_EQ(picture.height, 20);
}

}  // namespace
}  // namespace novelty
