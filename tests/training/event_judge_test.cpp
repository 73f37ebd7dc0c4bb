// SPDX-License-Identifier: Apache-2.0
// The rule by which events are judged, alone and against the program it was written down in.
#include "event_judge.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "child.h"
#include "made_files.h"
#include "temp_dir.h"

namespace novelty {
namespace {

constexpr double kFps = 10;

using Events = std::vector<FrameEvent>;

/// Events of their own over the given ranges.
Events events_over(std::size_t frames, const LabelRanges& ranges) {
  Events events(frames);
  char id = 'a';
  for (const LabelRange& range : ranges) {
    for (std::size_t i = range.first; i <= range.last; ++i) events[i].id = std::string(1, id);
    ++id;
  }
  return events;
}

/// 200 frames at 10 a second: novel 50 to 79 and 120 to 149.
ClipLabels two_visits() {
  return {200, {{0, 29}}, {{30, 44}, {90, 109}, {160, 199}}, {{50, 79}, {120, 149}}};
}

EventVerdict verdict_of(const LabelRanges& events) {
  return judge_events(events_over(200, events), two_visits(), kFps);
}

TEST(EventJudge, FindsRangesByTimelyEvents) {
  const EventVerdict verdict = verdict_of({{53, 85}, {119, 149}});
  EXPECT_EQ(verdict.found(), 2U);
  EXPECT_TRUE(verdict.passes());
  EXPECT_NEAR(verdict.delay_s.at(0).value(), 0.3, 1e-12);
  EXPECT_NEAR(verdict.delay_s.at(1).value(), -0.1, 1e-12);
  EXPECT_NEAR(verdict.cover.at(0), 27.0 / 30, 1e-12);
  EXPECT_TRUE(verdict.false_events.empty());
}

TEST(EventJudge, TakesTheLimitsOfTheWindowIn) {
  for (const auto& [begin, found] :
       {std::pair<std::size_t, bool>{44, false}, {45, true}, {60, true}, {61, false}}) {
    const EventVerdict verdict = verdict_of({{begin, 79}});
    EXPECT_EQ(verdict.own.at(0).has_value(), found) << begin;
    EXPECT_EQ(verdict.false_events.size(), begin == 44 ? 1U : 0U) << begin;
  }
}

TEST(EventJudge, GivesAnEventToOneRangeOnly) {
  ClipLabels labels = two_visits();
  labels.novel = {{50, 54}, {56, 79}};
  const EventVerdict verdict = judge_events(events_over(200, {{51, 79}}), labels, kFps);
  EXPECT_EQ(verdict.found(), 1U);
  EXPECT_FALSE(verdict.own.at(1).has_value());
  EXPECT_EQ(verdict.cover.at(1), 1.0);
}

TEST(EventJudge, CallsEventsElsewhereFalse) {
  const EventVerdict verdict = verdict_of({{50, 79}, {85, 87}, {95, 97}, {120, 149}});
  EXPECT_EQ(verdict.false_events.size(), 2U);
  EXPECT_EQ(verdict.false_in_normal, 1U);  // the first begins in an unlabelled gap
  EXPECT_EQ(verdict.normal_frames_in_events, 3U);
  EXPECT_EQ(verdict.normal_frames, 75U);
  EXPECT_FALSE(verdict.passes());
}

TEST(EventJudge, SeesFlickerAndWhatDoesNotEnd) {
  EXPECT_EQ(verdict_of({{50, 55}, {57, 60}, {62, 79}}).flickering.size(), 1U);
  EXPECT_EQ(verdict_of({{50, 55}, {57, 79}}).flickering.size(), 0U);
  EXPECT_EQ(verdict_of({{50, 108}}).unending.size(), 0U);
  EXPECT_EQ(verdict_of({{50, 109}}).unending.size(), 1U);
}

TEST(EventJudge, ForgivesHeldFrames) {
  Events events = events_over(200, {{50, 95}, {120, 149}});
  for (std::size_t i = 80; i <= 95; ++i) events[i].held = true;
  EXPECT_TRUE(judge_events(events, two_visits(), kFps).passes());
  for (std::size_t i = 80; i <= 95; ++i) events[i].held = false;
  EXPECT_FALSE(judge_events(events, two_visits(), kFps).passes());
}

TEST(EventJudge, TakesMissingFramesAsNoEvent) {
  const EventVerdict verdict = judge_events({}, two_visits(), kFps);
  EXPECT_TRUE(verdict.events.empty());
  EXPECT_EQ(verdict.found(), 0U);
  EXPECT_EQ(verdict.cover.at(0), 0.0);
}

/// "0.3", as Python prints round(seconds, 2).
std::string python_number(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", seconds);
  std::string number = text.data();
  if (number.ends_with("0")) number.pop_back();
  return number;
}

std::string python_list(const LabelRanges& ranges, std::size_t most, char open, char close) {
  std::string text = "[";
  for (std::size_t i = 0; i < std::min(most, ranges.size()); ++i) {
    if (i > 0) text.append(", ");
    text.append(1, open).append(std::to_string(ranges[i].first)).append(", ");
    text.append(std::to_string(ranges[i].last)).append(1, close);
  }
  return text.append("]");
}

/// The line judge_events.py prints.
std::string line_of(const std::string& clip, const EventVerdict& verdict) {
  std::array<char, 128> numbers{};
  std::snprintf(numbers.data(), numbers.size(),
                ": own event %zu/%zu, least cover %.2f, events %zu, false ", verdict.found(),
                verdict.own.size(), *std::min_element(verdict.cover.begin(), verdict.cover.end()),
                verdict.events.size());
  std::string line = clip + numbers.data() + python_list(verdict.false_events, 4, '(', ')');
  line += ", flicker " + python_list(verdict.flickering, 2, '[', ']') + ", unending " +
          python_list(verdict.unending, 3, '(', ')');
  std::snprintf(numbers.data(), numbers.size(), ", normal frames in events %.3f, delay s [",
                verdict.normal_share());
  line += numbers.data();
  for (std::size_t i = 0; i < verdict.delay_s.size(); ++i) {
    if (i > 0) line += ", ";
    line += verdict.delay_s[i] ? python_number(*verdict.delay_s[i]) : "None";
  }
  return line + "]\n";
}

/// Events of random lengths, now and then held, some frames lost; often in step with the ranges.
Events random_events(const ClipLabels& labels, unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&random](unsigned n) { return random() % n; };
  Events events(labels.frames);
  const bool good = below(2) == 0;
  unsigned next_id = 0;
  for (const LabelRange& range : labels.novel) {
    const std::size_t begin = range.first + below(12) - 2;
    const std::size_t end = std::min<std::size_t>(range.last + below(good ? 3 : 60), 199);
    const std::string id = std::to_string(++next_id);
    for (std::size_t i = begin; i <= end; ++i) events[i] = {id, i > range.last && below(2) == 0};
  }
  for (unsigned more = good ? 0 : below(6); more > 0; --more) {
    const std::size_t begin = below(195);
    const std::string id = std::to_string(++next_id);
    for (std::size_t i = begin; i < begin + 1 + below(5); ++i) events[i] = {id, false};
  }
  return events;
}

std::string jsonl_of(const Events& events) {
  std::string text;
  for (std::size_t i = 0; i < events.size(); ++i)
    text += "{\"frame\": " + std::to_string(i) + ", \"event_id\": " +
            (events[i].id.empty() ? std::string("null") : '"' + events[i].id + '"') +
            ", \"held\": " + (events[i].held ? "true" : "false") + "}\n";
  return text;
}

TEST(EventJudge, JudgesAsTheProgramItWasWrittenDownIn) {
  const auto judge = std::filesystem::path(std::getenv("NOVELTY_SOURCE_ROOT")).parent_path() /
                     "shared/tools/judge_events.py";
  if (!std::filesystem::exists(judge)) GTEST_SKIP() << "no " << judge << " beside the checkout";
  const testing::TempDir folder;
  ClipLabels labels = two_visits();
  testing::write_text(folder / "labels.json", labels_text({{"clip.mp4", labels}}));
  int passed = 0;
  for (unsigned seed = 0; seed < 24; ++seed) {
    const Events events = random_events(labels, seed);
    testing::write_text(folder / "e.jsonl", jsonl_of(events));
    const testing::ChildResult python = testing::run_child(
        {"python3", judge, "e.jsonl", "labels.json", "clip.mp4", "10"}, folder.path());
    const EventVerdict verdict = judge_events(events, labels, kFps);
    EXPECT_EQ(python.out, line_of("clip.mp4", verdict)) << "seed " << seed << python.err;
    EXPECT_EQ(python.status == 0, verdict.passes()) << "seed " << seed << "\n" << python.out;
    passed += verdict.passes() ? 1 : 0;
  }
  EXPECT_GT(passed, 2);
  EXPECT_LT(passed, 22);
}

}  // namespace
}  // namespace novelty
