// SPDX-License-Identifier: Apache-2.0
// The video reader on real files, good and bad.
#include "video_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "made_files.h"
#include "novelty/error.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::make_video;
using testing::run_pipeline;
using testing::TempDir;
using testing::write_text;

std::size_t count_frames(const std::string& path) {
  VideoReader reader(path);
  VideoFrame frame;
  std::size_t count = 0;
  while (reader.next(frame)) ++count;
  return count;
}

std::string fault_of(const std::string& path) {
  try {
    return std::to_string(count_frames(path)) + " frames";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(VideoReader, YieldsEveryFrameInOrderInTheDecodersFormat) {
  const TempDir folder;
  const std::string path = folder / "ball.mp4";
  make_video(path, 25);
  VideoReader reader(path);
  VideoFrame frame;
  std::int64_t last = -1;
  std::size_t count = 0;
  for (; reader.next(frame); ++count) {
    EXPECT_EQ(frame.view.format, PixelFormat::kI420);  // as avdec_h264 hands it out
    EXPECT_EQ(frame.view.width, 160);
    EXPECT_EQ(frame.view.height, 120);
    EXPECT_GT(frame.stream_ns, last);
    EXPECT_GE(frame.pts_ns, 0);
    last = frame.stream_ns;
  }
  EXPECT_EQ(count, 25U);
  EXPECT_EQ(last, 2'400'000'000);
  EXPECT_EQ(reader.warning(), "");
}

TEST(VideoReader, ReadsASingleFrame) {
  const TempDir folder;
  make_video(folder / "one.mp4", 1);
  EXPECT_EQ(count_frames(folder / "one.mp4"), 1U);
}

TEST(VideoReader, ConvertsWhatTheCoreDoesNotTake) {
  const TempDir folder;
  const std::string path = folder / "odd.mkv";
  run_pipeline(
      "videotestsrc num-buffers=3 ! video/x-raw,format=AYUV,width=33,height=17 ! matroskamux "
      "! "
      "filesink location=" +
      path);
  EXPECT_EQ(count_frames(path), 3U);
}

TEST(VideoReader, FollowsASizeThatChangesMidStream) {
  const TempDir folder;
  const std::string path = folder / "sizes.h264";
  const auto part = [&](int width, int height) {
    const std::string piece = folder / "part.h264";
    run_pipeline("videotestsrc num-buffers=5 ! video/x-raw,format=I420,framerate=10/1,width=" +
                 std::to_string(width) + ",height=" + std::to_string(height) +
                 " ! x264enc bframes=0 threads=1 ! video/x-h264,stream-format=byte-stream ! "
                 "filesink location=" +
                 piece);
    return testing::text_of(piece);
  };
  write_text(path, part(160, 120) + part(96, 64));
  VideoReader reader(path);
  VideoFrame frame;
  std::vector<int> widths;
  while (reader.next(frame)) widths.push_back(frame.view.width);
  EXPECT_EQ(widths, (std::vector<int>{160, 160, 160, 160, 160, 96, 96, 96, 96, 96}));
}

TEST(VideoReader, NamesWhatIsNoVideo) {
  const TempDir folder;
  write_text(folder / "empty.mp4", "");
  write_text(folder / "text.mp4", "this is a text, not a video\n");
  run_pipeline("audiotestsrc num-buffers=50 ! vorbisenc ! oggmux ! filesink location=" +
               folder / "sound.ogg");
  const auto expect = [&](const std::string& path, const char* words) {
    const std::string fault = fault_of(path);
    EXPECT_NE(fault.find(words), std::string::npos) << fault;
    EXPECT_NE(fault.find(path), std::string::npos) << fault;
    EXPECT_EQ(fault.find('\n'), std::string::npos) << fault;
  };
  expect(folder / "none.mp4", "no such file");
  expect(folder.path(), "is a folder");
  expect(folder / "empty.mp4", "is empty");
  expect(folder / "text.mp4", "is not a video");
  expect(folder / "sound.ogg", "no video stream");
}

TEST(VideoReader, IgnoresTheSoundOfAVideo) {
  const TempDir folder;
  const std::string path = folder / "both.mkv";
  run_pipeline(
      "audiotestsrc num-buffers=40 ! vorbisenc ! mux. "
      "videotestsrc num-buffers=10 ! video/x-raw,width=64,height=48 ! x264enc ! mux. "
      "matroskamux name=mux ! filesink location=" +
      path);
  EXPECT_EQ(count_frames(path), 10U);
}

TEST(VideoReader, SaysWhenAFileIsCutOff) {
  const TempDir folder;
  const std::string path = folder / "cut.mp4";
  run_pipeline(
      "videotestsrc pattern=snow num-buffers=60 ! video/x-raw,width=160,height=120,"
      "framerate=10/1 ! x264enc bframes=0 key-int-max=5 ! mp4mux faststart=true ! "
      "filesink location=" +
      path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  VideoReader reader(path);
  VideoFrame frame;
  std::size_t count = 0;
  while (reader.next(frame)) ++count;
  EXPECT_LT(count, 60U);
  EXPECT_NE(reader.warning().find("cut off"), std::string::npos) << reader.warning();
}

TEST(VideoReader, NamesTheFrameAtWhichDecodingBreaks) {
  const TempDir folder;
  const std::string path = folder / "broken.y4m";
  run_pipeline(
      "videotestsrc num-buffers=6 ! video/x-raw,format=I420,width=64,height=48 ! y4menc ! "
      "filesink location=" +
      path);
  std::string bytes = testing::text_of(path);
  const std::size_t fourth = bytes.size() / 6 * 4;
  write_text(path, bytes.replace(fourth, bytes.size() - fourth, bytes.size() - fourth, 'x'));
  const std::string fault = fault_of(path);
  EXPECT_NE(fault.find("broke off at frame"), std::string::npos) << fault;
}

}  // namespace
}  // namespace novelty
