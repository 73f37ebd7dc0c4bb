// SPDX-License-Identifier: Apache-2.0
// Alarms observed against alarms asked for, from the scores of normal footage.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
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
constexpr double kConfidence = 0.95;

/// The streams of a kind; the parts they are of.
struct Group {
  std::string title;
  std::vector<const ScoredStream*> streams;

  std::size_t frames() const {
    std::size_t count = 0;
    for (const ScoredStream* stream : streams) count += stream->scores.size();
    return count;
  }
  double hours() const {
    double seconds = 0;
    for (const ScoredStream* stream : streams)
      seconds += stream->interval_s * static_cast<double>(stream->scores.size());
    return seconds / 3600;
  }
};

/// What a group raised.
struct Raised {
  std::size_t events = 0;
  std::size_t frames = 0;  ///< in an event
};

Raised raised_in(const Group& group, const EventOptions& options) {
  Raised raised;
  for (const ScoredStream* stream : group.streams) {
    EventTracker tracker(options);
    double seconds = 0;
    for (const float score : stream->scores) {
      const auto step = tracker.push(static_cast<std::int64_t>(std::llround(seconds * 1e9)), score);
      raised.events += step.change == EventChange::kBegin ? 1 : 0;
      raised.frames += step.frame.event ? 1 : 0;
      seconds += stream->interval_s;
    }
  }
  return raised;
}

// The last column: an event that never ends is one event, and still wrong all the time.
void print_rates(const Group& group, const DecisionScale& scale, const EventOptions& durations) {
  const double hours = group.hours();
  std::printf("| %s | %.2f |", group.title.c_str(), hours);
  Raised raised;
  for (const double target : kTargets) {
    EventOptions options = durations;
    options.threshold = scale.score_of_rate(target);
    options.exit_threshold = scale.score_of_rate(exit_rate(target));
    raised = raised_in(group, options);
    const auto [low, high] = poisson_interval(raised.events, kConfidence);
    const double asked = target * hours;
    std::printf(" %zu: %.2f (%.2f to %.2f) |", raised.events,
                static_cast<double>(raised.events) / asked, low / asked, high / asked);
  }
  std::printf(" %.1f %% |\n",
              100 * static_cast<double>(raised.frames) / static_cast<double>(group.frames()));
}

// How often a score is at least `least`. Frames near each other score alike: the interval is that
// of as many independent frames as calibration finds these to be worth, by Poisson's law.
void print_share(const Group& group, float least) {
  double over = 0, frames = 0, independent = 0;
  for (const ScoredStream* stream : group.streams) {
    const auto& scores = stream->scores;
    over += static_cast<double>(
        std::count_if(scores.begin(), scores.end(), [&](float score) { return score >= least; }));
    frames += static_cast<double>(scores.size());
    independent += fit_calibration({scores, scores, stream->interval_s}, {}).independent;
  }
  const auto [low, high] = poisson_interval(
      static_cast<std::size_t>(std::lround(over * independent / frames)), kConfidence);
  std::printf(" %.5f (%.5f to %.5f) |", over / frames, low / independent,
              std::min(1.0, high / independent));
}

void print_shares(const Group& group, const DecisionScale& scale) {
  std::printf("| %s |", group.title.c_str());
  for (const double p_value : kPValues)
    print_share(group, static_cast<float>(scale.score_of_p_value(p_value)));
  std::puts("");
}

Group group_of(const std::string& title, const std::vector<ScoredStream>& streams,
               const std::function<bool(const std::string&)>& has_part) {
  Group group{title, {}};
  for (const ScoredStream& stream : streams)
    if (has_part(stream.part)) group.streams.push_back(&stream);
  return group;
}

// A group for each part, and of the drawn scene two of the disturbed parts together.
std::vector<Group> groups_of(const std::vector<ScoredStream>& streams) {
  std::vector<Group> groups;
  const auto is = [](const std::string& name) {
    return [name](const std::string& part) { return part == name; };
  };
  const auto known_to = [](const std::string& stage) {
    return [stage](const std::string& part) {
      return std::any_of(nuisances().begin(), nuisances().end(), [&](const NuisanceText& text) {
        return text.name == part && text.known_to == stage;
      });
    };
  };
  for (const NuisanceText& text : nuisances())
    groups.push_back(group_of(text.name, streams, is(text.name)));
  groups.push_back(group_of("all known to training only", streams, known_to("training")));
  groups.push_back(group_of("all known to nothing", streams, known_to("nothing")));
  groups.push_back(group_of(kClipPart, streams, is(kClipPart)));
  groups.erase(std::remove_if(groups.begin(), groups.end(),
                              [](const Group& group) { return group.streams.empty(); }),
               groups.end());
  return groups;
}

// The model's own, or of the scores of the part "calibration" where there is one.
Calibration calibration_for(const Bundle& bundle, const std::vector<ScoredStream>& streams,
                            const EventOptions& events) {
  for (const ScoredStream& stream : streams)
    if (stream.part == kCalibrationPart)
      return fit_calibration({stream.scores, bundle.calibration.views, stream.interval_s}, events);
  return bundle.calibration;
}

void print_events(const std::vector<Group>& groups, const Calibration& calibration,
                  const EventOptions& durations) {
  const DecisionScale scale(calibration);
  std::printf("calibration: %.2f hours, levels of events over the start: %zu\n\n",
              calibration.hours, calibration.peaks.size());
  std::puts(
      "| footage | hours | 60 an hour | 6 | 1 | frames in an event at 1 |\n"
      "| --- | --- | --- | --- | --- | --- |");
  for (const Group& group : groups) print_rates(group, scale, durations);
}

}  // namespace

int run_alarm_rates(const Arguments& arguments) {
  const Bundle bundle = read_bundle(arguments.at(0));
  const auto streams = read_scores(arguments.at(1));
  const std::vector<Group> groups = groups_of(streams);
  const Calibration calibration = calibration_for(bundle, streams, bundle.events);
  std::puts("Events: observed / asked for (95 % interval), the model's smoothing and duration");
  print_events(groups, calibration, bundle.events);
  EventOptions single = bundle.events;
  single.smoothing_ns = 0;
  single.min_duration_ns = 0;
  std::puts("\nThe same with neither: a single frame is an event");
  print_events(groups, calibration_for(bundle, streams, single), single);
  std::printf("\nShare of frames with such a p-value (95 %% interval); %zu scores worth %.0f\n\n",
              calibration.scores.size(), calibration.independent);
  std::puts("| footage | p <= 0.1 | 0.01 | 0.001 |\n| --- | --- | --- | --- |");
  for (const Group& group : groups) print_shares(group, DecisionScale(calibration));
  return 0;
}

}  // namespace novelty::bench
