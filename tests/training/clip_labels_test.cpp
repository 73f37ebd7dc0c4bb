// SPDX-License-Identifier: Apache-2.0
// Labels: what is read, and every fault that is refused before hours of work.
#include "clip_labels.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "made_files.h"
#include "novelty/error.h"
#include "temp_dir.h"

namespace novelty {
namespace {

std::string clip_text(const std::string& content) {
  return R"({"about": "notes", "door.mp4": )" + content + "}";
}

ClipLabels parsed(const std::string& content) {
  return parse_labels(clip_text(content), "labels.json").at("door.mp4");
}

std::string fault(const std::string& content) {
  try {
    parsed(content);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

/// Pairs of a clip's content and words of the line that refuses it.
TEST(Labels, RefuseWhatCannotBeTested) {
  const std::pair<const char*, const char*> kFaults[] = {
      {"3", "is no object"},
      {"{}", "\"frames\" is missing"},
      {R"({"frames": -1})", "\"frames\" is missing or no count"},
      {R"({"frames": 100, "train": [[0, 9]]})", "nothing to test"},
      {R"({"frames": 100, "normal": [[0, 9]]})", "\"train\" has 0 frames"},
      {R"({"frames": 100, "train": [[0, 6]], "novel": [[8, 9]]})", "\"train\" has 7 frames"},
      {R"({"frames": 100, "train": [0, 9], "novel": [[50, 60]]})", "which is no range"},
      {R"({"frames": 100, "train": [[0, 9.5]], "novel": [[50, 60]]})", "which is no range"},
      {R"({"frames": 100, "train": [[-1, 9]], "novel": [[50, 60]]})", "which is no range"},
      {R"({"frames": 100, "train": 5, "novel": [[50, 60]]})", "is no list of ranges"},
      {R"({"frames": 100, "train": [[9, 0]], "novel": [[50, 60]]})", "ends before it begins"},
      {R"({"frames": 100, "train": [[0, 9]], "novel": [[50, 100]]})",
       "\"novel\" range [50,100] is outside of its 100 frames"},
      {R"({"frames": 100, "train": [[0, 50]], "novel": [[50, 60]]})",
       "\"novel\" range [50,60] overlaps \"train\" range [0,50]"},
      {R"({"frames": 100, "train": [[0, 9]], "novel": [[50, 60], [55, 70]]})", "overlaps"},
      {R"({"frames": 100, "train": [[0, 9]], "novel": [[50, 60], [20, 30]]})",
       "comes before an earlier one"},
  };
  for (const auto& [content, words] : kFaults) {
    const std::string line = fault(content);
    EXPECT_NE(line.find(words), std::string::npos) << content << "\n" << line;
    EXPECT_NE(line.find("labels.json: clip \"door.mp4\""), std::string::npos) << line;
  }
  EXPECT_THROW(parse_labels("{", "l"), Error);
  EXPECT_THROW(parse_labels("[]", "l"), Error);
  EXPECT_THROW(parse_labels(R"({"about": "no clip"})", "l"), Error);
  EXPECT_THROW(parse_labels(R"({"a/b.mp4": {}})", "l"), Error);
  EXPECT_THROW(read_labels("/none/labels.json"), Error);
}

TEST(Labels, ReadRangesAndLeaveGaps) {
  const ClipLabels labels = parsed(
      R"({"frames": 100, "train": [[0, 9]], "normal": [[10, 19]], "novel": [[30, 99]],
          "note": "x"})");
  EXPECT_EQ(labels.frames, 100U);
  EXPECT_STREQ(label_of(labels, 9), "train");
  EXPECT_STREQ(label_of(labels, 10), "normal");
  EXPECT_EQ(label_of(labels, 20), nullptr);
  EXPECT_STREQ(label_of(labels, 30), "novel");
}

TEST(Labels, SurviveWritingAndReading) {
  const LabelledClips clips{{"a \"b\".mp4", {50, {{0, 9}, {12, 13}}, {{20, 29}}, {{30, 49}}}}};
  const LabelledClips again = parse_labels(labels_text(clips), "l");
  EXPECT_EQ(labels_text(again), labels_text(clips));
  EXPECT_EQ(again.begin()->second.train.at(1).first, 12U);
}

TEST(Labels, AreChosenByNameWithOrWithoutEnding) {
  const LabelledClips clips{{"a.mp4", {}}, {"b.mkv", {}}};
  EXPECT_EQ(chosen_clips(clips, {}).size(), 2U);
  EXPECT_TRUE(chosen_clips(clips, {"b"}).contains("b.mkv"));
  EXPECT_TRUE(chosen_clips(clips, {"a.mp4"}).contains("a.mp4"));
  EXPECT_THROW(chosen_clips(clips, {"c"}), Error);
}

TEST(FrameFlags, AreReadFromLinesAndCommas) {
  EXPECT_EQ(parse_frame_flags("0\n1\r\n1,0 1\n", "f"), (std::vector<std::uint8_t>{0, 1, 1, 0, 1}));
  EXPECT_THROW(parse_frame_flags("", "f"), Error);
  EXPECT_THROW(parse_frame_flags("0\n2\n", "f"), Error);
  EXPECT_THROW(parse_frame_flags("frame,label\n0,1", "f"), Error);
}

TEST(FrameFlags, AreReadFromMasksInTheOrderOfTheirNames) {
  const testing::TempDir folder;
  testing::make_image(folder / "001.png", 16, 16, 0);
  testing::make_image(folder / "002.png", 16, 16, 0xffffff);
  testing::make_image(folder / "003.png", 16, 16, 0);
  EXPECT_EQ(read_mask_flags(folder.path()), (std::vector<std::uint8_t>{0, 1, 0}));
}

TEST(FrameFlags, BecomeRanges) {
  std::vector<std::uint8_t> flags(40, 0);
  for (std::size_t i = 20; i < 30; ++i) flags[i] = 1;
  const ClipLabels labels = labels_of_flags(flags, {{0, 9}}, "f");
  EXPECT_EQ(labels_text({{"c", labels}}),
            labels_text({{"c", {40, {{0, 9}}, {{10, 19}, {30, 39}}, {{20, 29}}}}}));
  EXPECT_THROW(labels_of_flags(flags, {{0, 40}}, "f"), Error);
  EXPECT_THROW(labels_of_flags(flags, {{15, 20}}, "f"), Error);
}

}  // namespace
}  // namespace novelty
