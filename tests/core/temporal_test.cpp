// SPDX-License-Identifier: Apache-2.0
// The temporal logic against tables of scores, and the identifiers of events.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <thread>
#include <vector>

#include "novelty/error.h"
#include "novelty/events.h"

namespace novelty {
namespace {

constexpr std::int64_t kMs = 1'000'000;

/// One frame of a table: what goes in, and the letters that must come out.
/// state: '.' outside any event, 'N' novel, 'h' held. change: ' ' none, 'B', 'U', 'E'.
struct Frame {
  std::int64_t time_ms;
  double score;
};

struct Case {
  const char* name;
  EventOptions options;
  std::vector<Frame> frames;
  std::string states;
  std::string changes;
};

EventOptions options_of(double threshold, double exit, std::int64_t smoothing_ms = 0,
                        std::int64_t min_ms = 0, std::int64_t hold_ms = 0) {
  return {threshold, exit, smoothing_ms * kMs, min_ms * kMs, hold_ms * kMs};
}

/// Frames 100 ms apart.
std::vector<Frame> at_10_fps(const std::vector<double>& scores) {
  std::vector<Frame> frames;
  frames.reserve(scores.size());
  for (const double score : scores) {
    frames.push_back({100 * static_cast<std::int64_t>(frames.size()), score});
  }
  return frames;
}

char letter_of(const FrameState& state) {
  EXPECT_EQ(state.event.has_value(), state.novel || state.held);
  EXPECT_FALSE(state.novel && state.held);
  if (state.novel) return 'N';
  return state.held ? 'h' : '.';
}

char letter_of(EventChange change) {
  return " BUE"[static_cast<int>(change)];
}

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class EventTable : public ::testing::TestWithParam<Case> {};

TEST_P(EventTable, GivesTheStatesAndChanges) {
  EventTracker tracker(GetParam().options);
  std::string states, changes;
  for (const Frame& frame : GetParam().frames) {
    const EventStep step = tracker.push(frame.time_ms * kMs, frame.score);
    EXPECT_EQ(step.ended.has_value(), step.change == EventChange::kEnd);
    states += letter_of(step.frame);
    changes += letter_of(step.change);
  }
  EXPECT_EQ(states, GetParam().states);
  EXPECT_EQ(changes, GetParam().changes);
}

INSTANTIATE_TEST_SUITE_P(
    Temporal, EventTable,
    ::testing::Values(
        Case{"StaysQuietUnderTheThreshold", options_of(1, 1), at_10_fps({0, .9, .99, 0}), "....",
             "    "},
        Case{"BeginsAtTheThreshold", options_of(1, 1), at_10_fps({0, 1, 1, .9}), ".NN.", " B E"},
        Case{"BeginsWithTheFirstFrame", options_of(1, 1), at_10_fps({2, 0}), "N.", "BE"},
        Case{"StaysOverDownToTheExitThreshold", options_of(1, .5),
             at_10_fps({.6, 1, .6, .5, .49, .6}), ".NNN..", " B  E "},
        Case{"ReportsOnlyHigherPeaks", options_of(1, 1), at_10_fps({1, 2, 2, 1.5, 3}), "NNNNN",
             "BU  U"},
        Case{"HoldsUntilTheTimeIsPassed", options_of(1, 1, 0, 0, 200), at_10_fps({1, 0, 0, 0, 0}),
             "Nhh..", "B  E "},
        Case{"GoesOnWhenItRisesWithinTheHold", options_of(1, 1, 0, 200, 200),
             at_10_fps({1, 1, 1, 0, 0, 1, 0, 0, 0}), "..NhhNhh.", "  B     E"},
        Case{"WaitsForTheMinimumDuration", options_of(1, 1, 0, 200),
             at_10_fps({1, 1, 0, 1, 1, 1, 1}), ".....NN", "     B "},
        Case{"CountsTheMinimumDurationInTimeNotFrames",
             options_of(1, 1, 0, 200),
             {{0, 1}, {33, 1}, {66, 1}, {199, 1}, {200, 1}},
             "....N",
             "    B"},
        Case{"NeedsTheMinimumDurationAgainAfterTheEnd", options_of(1, 1, 0, 100),
             at_10_fps({1, 1, 0, 1, 1}), ".N..N", " BE B"},
        Case{"KeepsAnOverEventThroughAGap",
             options_of(1, 1, 0, 0, 200),
             {{0, 1}, {5000, 1}},
             "NN",
             "B "},
        Case{"EndsAfterAGapWhenTheNextFrameIsUnder",
             options_of(1, 1, 0, 0, 200),
             {{0, 1}, {5000, 0}},
             "N.",
             "BE"},
        Case{"EndsOnADiscontinuityAndBeginsOneFrameLater",
             options_of(1, 1, 0, 0, 1000),
             {{500, 1}, {600, 1}, {0, 1}, {100, 1}},
             "NN.N",
             "B EB"},
        Case{"TakesARepeatedTimeAsADiscontinuity", options_of(1, 1), {{0, 1}, {0, 1}}, "N.", "BE"},
        Case{"BeginsAtOnceOnADiscontinuityWithoutAnEvent",
             options_of(1, 1),
             {{500, 0}, {0, 1}},
             ".N",
             " B"},
        // Smoothed: 2, then 2/e at 100 ms, which is over; the score itself is under at once.
        Case{"SmoothingDoesNotDelayTheEnd", options_of(.5, .5, 100, 0, 100),
             at_10_fps({2, 2, 0, 0, 0}), "NNh..", "B  E "},
        // A step from 0 to 2 reaches 1 - 1/e of it, 1.264, after one time constant.
        Case{"SmoothsByTime", options_of(1.26, 1, 100), {{0, 0}, {50, 2}, {100, 2}}, "..N", "  B"},
        Case{"SmoothsAlikeAtAnotherRate",
             options_of(1.26, 1, 100),
             {{0, 0}, {25, 2}, {50, 2}, {75, 2}, {100, 2}},
             "....N",
             "    B"}),
    [](const auto& row) { return row.param.name; });

TEST(EventTracker, FirstSampleInitialisesTheSmoothing) {
  EventTracker tracker(options_of(10, 10, 1000));
  EXPECT_DOUBLE_EQ(tracker.push(0, 4).frame.smoothed, 4);
  EXPECT_NEAR(tracker.push(1000 * kMs, 0).frame.smoothed, 4 / std::exp(1.), 1e-12);
}

TEST(EventTracker, ADiscontinuityRestartsTheSmoothing) {
  EventTracker tracker(options_of(10, 10, 1000));
  tracker.push(1000 * kMs, 4);
  EXPECT_DOUBLE_EQ(tracker.push(0, 1).frame.smoothed, 1);
}

TEST(EventTracker, CarriesTheWholeEventAtItsEnd) {
  EventTracker tracker(options_of(1, 1, 0, 0, 100));
  std::optional<Event> ended, first;
  for (const Frame& frame : at_10_fps({0, 1, 3, 2, 0, 0})) {
    const EventStep step = tracker.push(frame.time_ms * kMs, frame.score);
    if (step.change == EventChange::kBegin) first = step.frame.event;
    if (step.ended) ended = step.ended;
  }
  ASSERT_TRUE(first && ended);
  EXPECT_EQ(ended->id, first->id);
  EXPECT_EQ(ended->begin_ns, 100 * kMs);
  EXPECT_EQ(ended->end_ns, 300 * kMs);
  EXPECT_EQ(ended->peak_ns, 200 * kMs);
  EXPECT_DOUBLE_EQ(ended->peak_score, 3);
  EXPECT_EQ(ended->end_reason, "over");
  EXPECT_EQ(first->end_reason, "");
}

TEST(EventTracker, NamesADiscontinuity) {
  EventTracker tracker(options_of(1, 1));
  tracker.push(100, 1);
  EXPECT_EQ(tracker.push(50, 1).ended.value().end_reason, "discont");
}

TEST(EventTracker, EndsInAGapWhenTheHoldRunsOut) {
  EventTracker tracker(options_of(1, 1, 0, 0, 200));
  tracker.push(0, 1);
  EXPECT_FALSE(tracker.advance(200 * kMs));
  EXPECT_EQ(tracker.advance(201 * kMs).value().end_reason, "over");
  EXPECT_FALSE(tracker.advance(900 * kMs));
  EXPECT_EQ(tracker.push(1000 * kMs, 1).change, EventChange::kBegin);
}

TEST(EventTracker, CloseEndsWithTheReasonAndForgets) {
  EventTracker tracker(options_of(1, .5, 100));
  EXPECT_FALSE(tracker.close("eos"));
  tracker.push(100 * kMs, 1);
  EXPECT_EQ(tracker.close("eos").value().end_reason, "eos");
  EXPECT_FALSE(tracker.close("eos"));
  const EventStep step =
      tracker.push(0, .8);  // an earlier time, under the threshold: all forgotten
  EXPECT_EQ(step.change, EventChange::kNone);
  EXPECT_DOUBLE_EQ(step.frame.smoothed, .8);
}

TEST(EventTracker, AnOpenEventGoesOnUnderNewOptions) {
  EventTracker tracker(options_of(1, .5));
  const std::string id = tracker.push(0, 1).frame.event.value().id;
  tracker.set_options(options_of(2, .9));
  EXPECT_EQ(tracker.push(1, .95).frame.event.value().id, id);
  EXPECT_EQ(tracker.push(2, .8).change, EventChange::kEnd);
}

TEST(EventTracker, WhatHasNotBegunMustReachANewThreshold) {
  EventTracker tracker(options_of(1, .5, 0, 100));
  tracker.push(0, 1.5);
  tracker.set_options(options_of(2, .5));
  EXPECT_EQ(tracker.push(200 * kMs, 1.5).change, EventChange::kNone);
  EXPECT_EQ(tracker.push(300 * kMs, 2).change, EventChange::kBegin);
}

TEST(EventTracker, SurvivesTheEndsOfTime) {
  EventTracker tracker(options_of(1, 1, 1, 1, 1));
  tracker.push(std::numeric_limits<std::int64_t>::min(), 1);
  EXPECT_EQ(tracker.push(std::numeric_limits<std::int64_t>::max(), 1).change, EventChange::kBegin);
}

template <typename F>
void expect_settings_error(F action) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kSettings) << e.what();
  }
}

TEST(EventTracker, RefusesScoresThatAreNotFinite) {
  EventTracker tracker(options_of(1, 1));
  expect_settings_error([&] { tracker.push(0, std::nan("")); });
  expect_settings_error([&] { tracker.push(0, HUGE_VAL); });
  EXPECT_EQ(tracker.push(0, 1).change, EventChange::kBegin);  // and is as it was
}

TEST(EventTracker, RefusesImpossibleOptions) {
  for (const EventOptions& options :
       {options_of(std::nan(""), 0), options_of(1, 2), options_of(1, std::nan("")),
        options_of(1, 1, -1), options_of(1, 1, 0, -1), options_of(1, 1, 0, 0, -1)}) {
    expect_settings_error([&] { EventTracker tracker(options); });
    EventTracker tracker(options_of(1, 1));
    expect_settings_error([&] { tracker.set_options(options); });
  }
}

TEST(Ulid, HasTheFormOfOne) {
  const std::string id = make_ulid();
  EXPECT_EQ(id.size(), 26U);
  EXPECT_EQ(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos);
  EXPECT_LT(id.substr(0, 2), "02");  // a time before the year 3084
  EXPECT_GT(id.substr(0, 2), "00");
}

TEST(Ulid, SortsAsMadeWithinAThread) {
  std::string last = make_ulid();
  for (int i = 0; i < 20000; ++i) {
    const std::string next = make_ulid();
    ASSERT_LT(last, next);
    last = next;
  }
}

TEST(Ulid, IsUniqueOverThreads) {
  constexpr int kThreads = 4, kEach = 2000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < kEach; ++i) mine.push_back(make_ulid());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThreads * kEach));
}

}  // namespace
}  // namespace novelty
