// SPDX-License-Identifier: Apache-2.0
// Frame ranges: what is written is what is taken.
#include "frame_ranges.h"

#include <gtest/gtest.h>

#include "footage.h"
#include "novelty/error.h"

namespace novelty {
namespace {

TEST(FrameRanges, NoneTakeEveryFrame) {
  const FrameRanges all;
  EXPECT_TRUE(all.contains(0));
  EXPECT_TRUE(all.contains(1'000'000));
  EXPECT_FALSE(all.ends_before(1'000'000));
  EXPECT_EQ(all.count_within(7), 7U);
  EXPECT_EQ(all.nth(3), 3U);
  EXPECT_EQ(all.text(), "");
}

TEST(FrameRanges, IncludeBothEndsAndMerge) {
  const FrameRanges ranges = FrameRanges::parse("20-29,0-4,5-9,40");
  EXPECT_EQ(ranges.text(), "0-9,20-29,40");
  EXPECT_TRUE(ranges.contains(0) && ranges.contains(9) && ranges.contains(40));
  EXPECT_FALSE(ranges.contains(10) || ranges.contains(39) || ranges.contains(41));
  EXPECT_EQ(ranges.count_within(1000), 21U);
  EXPECT_EQ(ranges.count_within(25), 15U);
  EXPECT_EQ(ranges.nth(9), 9U);
  EXPECT_EQ(ranges.nth(10), 20U);
  EXPECT_EQ(ranges.nth(20), 40U);
  EXPECT_FALSE(ranges.ends_before(40));
  EXPECT_TRUE(ranges.ends_before(41));
}

TEST(FrameRanges, RefuseWhatIsNoRange) {
  for (const char* text :
       {"", "a", "5-", "-5", "9-3", "1,,2", "1-2-3", "0x3", "1 - 2", "99999999999999999999999"})
    EXPECT_THROW(FrameRanges::parse(text), Error) << text;
}

TEST(EvenSample, SpreadsOverAllFrames) {
  EXPECT_EQ(even_sample(4, 10, 10), 4U);
  EXPECT_EQ(even_sample(0, 1000, 4), 0U);
  EXPECT_EQ(even_sample(3, 1000, 4), 750U);
}

}  // namespace
}  // namespace novelty
