// SPDX-License-Identifier: Apache-2.0
// Computes the figures of an evaluation.
#include <algorithm>
#include <cmath>
#include <utility>

#include "evaluation_result.h"

namespace novelty {
namespace {

constexpr double kSmoothingS = 1;  // of the literature's protocol
constexpr double kConfidence = 0.95;
constexpr std::size_t kHindsightSteps = 200;

/// Scores of the frames that are normal or novel.
struct Labelled {
  std::vector<double> scores;
  std::vector<std::uint8_t> novel;

  void add(const std::vector<double>& all, const ClipLabels& labels) {
    add_ranges(all, labels.normal, 0);
    add_ranges(all, labels.novel, 1);
  }
  std::optional<double> area() const { return auroc(scores, novel); }

 private:
  void add_ranges(const std::vector<double>& all, const LabelRanges& ranges, std::uint8_t flag) {
    for (const LabelRange& range : ranges)
      for (std::size_t i = range.first; i <= range.last; ++i) {
        scores.push_back(all[i]);
        novel.push_back(flag);
      }
  }
};

std::optional<double> area_of(const std::vector<double>& scores, const ClipLabels& labels) {
  Labelled labelled;
  labelled.add(scores, labels);
  return labelled.area();
}

/// The axis on which clips are pooled: rarer is more novel.
std::vector<double> rarity(const Track& track) {
  std::vector<double> values;
  for (const double p : track.p_values) values.push_back(-std::log10(p));
  return values;
}

std::optional<double> mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

void add_areas(const std::vector<ClipRun>& runs, std::size_t track, RowMeasures& row) {
  Labelled live, literature;
  std::vector<double> live_areas, literature_areas;
  for (const ClipRun& run : runs) {
    const Track& one = run.tracks.at(track);
    const std::vector<double> smoothed = literature_scores(one, run.fps);
    ClipMeasures& clip = row.clips.emplace_back();
    clip.auroc = area_of(one.scores, run.labels);
    clip.literature_auroc = area_of(smoothed, run.labels);
    if (clip.auroc) live_areas.push_back(*clip.auroc);
    if (clip.literature_auroc) literature_areas.push_back(*clip.literature_auroc);
    live.add(rarity(one), run.labels);
    literature.add(smoothed, run.labels);
  }
  row.auroc_macro = mean_of(live_areas);
  row.literature_macro = mean_of(literature_areas);
  row.auroc_micro = live.area();
  row.literature_micro = literature.area();
}

/// Sums over the clips' verdicts.
struct EventSums {
  std::vector<double> delays;
  double covered = 0, novel = 0, normal_in_events = 0, normal = 0;

  void add(const EventVerdict& verdict, const ClipLabels& labels) {
    for (const auto& delay : verdict.delay_s)
      if (delay) delays.push_back(*delay);
    for (std::size_t i = 0; i < labels.novel.size(); ++i) {
      const auto frames = static_cast<double>(labels.novel[i].size());
      novel += frames;
      covered += verdict.cover[i] * frames;
    }
    normal += static_cast<double>(verdict.normal_frames);
    normal_in_events += static_cast<double>(verdict.normal_frames_in_events);
  }
};

void add_events(const std::vector<ClipRun>& runs, std::size_t track, RowMeasures& row) {
  EventSums sums;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const ClipRun& run = runs[i];
    EventVerdict& verdict = row.clips.at(i).verdict;
    verdict = judge_events(run.tracks.at(track).events, run.labels, run.fps);
    sums.add(verdict, run.labels);
    const Hindsight best = best_in_hindsight(run.tracks.at(track), run);
    row.clips.at(i).hindsight = best;
    row.hindsight_found += best.found;
    row.hindsight_false += best.false_events;
    row.ranges += verdict.own.size();
    row.found += verdict.found();
    row.false_events += verdict.false_events.size();
    row.false_in_normal += verdict.false_in_normal;
    row.clips_passed += verdict.passes() ? 1 : 0;
    row.normal_hours += static_cast<double>(verdict.normal_frames) / run.fps / 3600;
  }
  row.delay_mean_s = mean_of(sums.delays);
  if (!sums.delays.empty())
    row.delay_max_s = *std::max_element(sums.delays.begin(), sums.delays.end());
  if (sums.novel > 0) row.cover = sums.covered / sums.novel;
  if (sums.normal > 0) row.normal_share = sums.normal_in_events / sums.normal;
  if (row.normal_hours <= 0) return;
  const CountInterval count = poisson_interval(row.false_in_normal, kConfidence);
  row.alarms_per_hour = {count.low / row.normal_hours, count.high / row.normal_hours};
}

}  // namespace

std::vector<double> literature_scores(const Track& track, double fps) {
  const auto radius = static_cast<std::size_t>(std::lround(kSmoothingS * fps / 2));
  return min_max_normalised(smooth_centred(track.scores, radius));
}

Hindsight best_in_hindsight(const Track& track, const ClipRun& run) {
  std::vector<double> sorted = track.scores;
  std::sort(sorted.begin(), sorted.end());
  Hindsight best;
  std::pair<double, double> best_worth{-1e9, 0};
  EventOptions options = run.event_options;
  for (std::size_t step = 0; step <= kHindsightSteps; ++step) {
    const double threshold = sorted[step * (sorted.size() - 1) / kHindsightSteps];
    options.threshold = options.exit_threshold = threshold;
    const EventVerdict verdict =
        judge_events(events_of(track.scores, run.times_ns, options), run.labels, run.fps);
    const Hindsight now{threshold, verdict.found(), verdict.false_events.size()};
    const std::pair worth{static_cast<double>(now.found) - static_cast<double>(now.false_events),
                          -verdict.normal_share()};
    if (worth > best_worth) best = now, best_worth = worth;
  }
  return best;
}

std::vector<RowMeasures> measure(const std::vector<ClipRun>& runs) {
  std::vector<RowMeasures> rows;
  for (std::size_t track = 0; track < runs.front().tracks.size(); ++track) {
    RowMeasures& row = rows.emplace_back();
    row.name = runs.front().tracks[track].name;
    row.title = runs.front().tracks[track].title;
    add_areas(runs, track, row);
    add_events(runs, track, row);
  }
  return rows;
}

}  // namespace novelty
