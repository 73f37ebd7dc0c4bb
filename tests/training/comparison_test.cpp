// SPDX-License-Identifier: Apache-2.0
// Which events of two models are matched.
#include "comparison.h"

#include <gtest/gtest.h>

namespace novelty {
namespace {

FoundEvent event(std::int64_t begin, std::int64_t end, const std::string& input = "a.mp4") {
  FoundEvent found;
  found.input = input;
  found.event.begin_ns = begin;
  found.event.end_ns = end;
  return found;
}

TEST(Comparison, TellsKeptGoneAndNewEvents) {
  const std::vector<FoundEvent> before{event(0, 10), event(20, 30)};
  const std::vector<FoundEvent> after{event(5, 12), event(40, 50)};
  const auto matches = match_events(before, after);
  ASSERT_EQ(matches.size(), 3U);
  EXPECT_TRUE(matches[0].kept());
  EXPECT_TRUE(matches[1].gone());
  EXPECT_EQ(matches[1].before.front(), &before[1]);
  EXPECT_FALSE(matches[2].kept() || matches[2].gone());
  EXPECT_EQ(matches[2].after.front(), &after[1]);
}

TEST(Comparison, TakesASplitEventAsOne) {
  const std::vector<FoundEvent> before{event(0, 100), event(200, 210)};
  const std::vector<FoundEvent> after{event(0, 10), event(90, 120), event(110, 111)};
  const auto matches = match_events(before, after);
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].before.size(), 1U);
  EXPECT_EQ(matches[0].after.size(), 3U);
  EXPECT_TRUE(matches[1].gone());
}

TEST(Comparison, CountsTouchingEventsAsOneAndOthersNot) {
  EXPECT_EQ(match_events({event(0, 10)}, {event(10, 20)}).size(), 1U);
  EXPECT_EQ(match_events({event(0, 10)}, {event(11, 20)}).size(), 2U);
}

TEST(Comparison, KeepsInputsApart) {
  const auto matches =
      match_events({event(0, 10, "b.mp4")}, {event(0, 10, "a.mp4"), event(0, 10, "b.mp4")});
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_TRUE(matches[0].kept());
  EXPECT_FALSE(matches[1].kept());
  EXPECT_TRUE(match_events({}, {}).empty());
}

}  // namespace
}  // namespace novelty
