// SPDX-License-Identifier: Apache-2.0
// Alarms observed against alarms asked for, from the scores of normal footage.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "bundle/bundle.h"
#include "drawn_normal.h"
#include "measurements.h"
#include "metrics.h"
#include "score_log.h"

namespace novelty::bench {
namespace {

constexpr std::array kTargets{60.0, 6.0, 1.0};
constexpr std::array kPValues{0.1, 0.01, 0.001};

/// The streams of a kind; the parts they are of.
struct Group {
  std::string title;
  std::vector<const ScoredStream*> streams;

  double hours() const {
    double seconds = 0;
    for (const ScoredStream* stream : streams)
      seconds += stream->interval_s * static_cast<double>(stream->scores.size());
    return seconds / 3600;
  }
};

int events_in(const Group& group, const EventOptions& options) {
  int events = 0;
  for (const ScoredStream* stream : group.streams) {
    EventTracker tracker(options);
    double seconds = 0;
    for (const float score : stream->scores) {
      const auto time_ns = static_cast<std::int64_t>(std::llround(seconds * 1e9));
      if (tracker.push(time_ns, score).change == EventChange::kBegin) ++events;
      seconds += stream->interval_s;
    }
  }
  return events;
}

void print_rates(const Group& group, const DecisionScale& scale, const EventOptions& durations) {
  const double hours = group.hours();
  std::printf("| %s | %.2f |", group.title.c_str(), hours);
  for (const double target : kTargets) {
    EventOptions options = durations;
    options.threshold = scale.score_of_rate(target);
    options.exit_threshold = scale.score_of_rate(exit_rate(target));
    const int events = events_in(group, options);
    const auto [low, high] = poisson_interval(static_cast<std::size_t>(events), 0.95);
    const double asked = target * hours;
    std::printf(" %d: %.2f (%.2f to %.2f) |", events, events / asked, low / asked, high / asked);
  }
  std::puts("");
}

// Frames near each other score alike, streams of minutes do not depend on each other: the interval
// is that of the mean over the streams, two standard errors to either side.
void print_shares(const Group& group, const DecisionScale& scale) {
  std::printf("| %s | %zu |", group.title.c_str(), group.streams.size());
  for (const double p_value : kPValues) {
    const auto least = static_cast<float>(scale.score_of_p_value(p_value));
    double sum = 0, squares = 0;
    for (const ScoredStream* stream : group.streams) {
      const auto& scores = stream->scores;
      const auto over = std::count_if(scores.begin(), scores.end(),
                                      [least](float score) { return score >= least; });
      const double share = static_cast<double>(over) / static_cast<double>(scores.size());
      sum += share;
      squares += share * share;
    }
    const auto count = static_cast<double>(group.streams.size());
    const double mean = sum / count;
    const double variance = std::max(0.0, squares / count - mean * mean) / std::max(1.0, count - 1);
    std::printf(" %.5f (%.5f to %.5f) |", mean, std::max(0.0, mean - 2 * std::sqrt(variance)),
                mean + 2 * std::sqrt(variance));
  }
  std::puts("");
}

std::string known_to(const std::string& part) {
  for (const NuisanceText& text : nuisances())
    if (text.name == part) return text.known_to;
  return "training";
}

// A group for each part, and one for all parts that the same stage has seen the like of.
std::vector<Group> groups_of(const std::vector<ScoredStream>& streams) {
  std::vector<Group> groups;
  const auto add = [&groups](const std::string& title, const ScoredStream& stream) {
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const Group& group) { return group.title == title; });
    Group& group = found == groups.end() ? groups.emplace_back(Group{title, {}}) : *found;
    group.streams.push_back(&stream);
  };
  for (const ScoredStream& stream : streams) {
    if (stream.part == "calibration") continue;
    add(stream.part, stream);
    add("all that is known to " + known_to(stream.part), stream);
  }
  std::sort(groups.begin(), groups.end(),
            [](const Group& a, const Group& b) { return a.title > b.title; });
  return groups;
}

// The model's own, or of the scores of the part "calibration" where there is one.
Calibration calibration_for(const Bundle& bundle, const std::vector<ScoredStream>& streams,
                            const EventOptions& events) {
  for (const ScoredStream& stream : streams)
    if (stream.part == "calibration")
      return fit_calibration({stream.scores, bundle.calibration.views, stream.interval_s}, events);
  return bundle.calibration;
}

void print_tables(const Bundle& bundle, const std::vector<ScoredStream>& streams,
                  const EventOptions& events) {
  const Calibration calibration = calibration_for(bundle, streams, events);
  const DecisionScale scale(calibration);
  std::printf(
      "calibration: %.2f hours, %zu scores worth %.0f, levels of events over the start: %zu\n",
      calibration.hours, calibration.scores.size(), calibration.independent,
      calibration.peaks.size());
  std::puts("\nevents: observed / asked for (95 % interval)\n");
  std::puts("| footage | hours | 60 an hour | 6 | 1 |\n| --- | --- | --- | --- | --- |");
  const std::vector<Group> groups = groups_of(streams);
  for (const Group& group : groups) print_rates(group, scale, events);
  std::puts("\nshare of frames (interval from the spread of the streams)\n");
  std::puts("| footage | streams | p <= 0.1 | 0.01 | 0.001 |\n| --- | --- | --- | --- | --- |");
  for (const Group& group : groups) print_shares(group, scale);
}

}  // namespace

int run_alarm_rates(const Arguments& arguments) {
  const Bundle bundle = read_bundle(arguments.at(0));
  const auto streams = read_scores(arguments.at(1));
  std::puts("With the model's smoothing and minimum duration:");
  print_tables(bundle, streams, bundle.events);
  EventOptions single = bundle.events;
  single.smoothing_ns = 0;
  single.min_duration_ns = 0;
  std::puts("\nWith neither, so that a single frame is an event:");
  print_tables(bundle, streams, single);
  return 0;
}

}  // namespace novelty::bench
