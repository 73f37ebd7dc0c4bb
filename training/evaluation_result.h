// SPDX-License-Identifier: Apache-2.0
// The figures of an evaluation, clip by clip and over all, and their files and tables.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clip_evaluation.h"
#include "event_judge.h"
#include "metrics.h"

namespace novelty {

/// What the best of the thresholds tried would have given, chosen with the labels at hand: no
/// method can know it beforehand.
struct Hindsight {
  double threshold = 0;
  std::size_t found = 0, false_events = 0;
};

/// One row on one clip.
struct ClipMeasures {
  std::optional<double> auroc;             ///< live
  std::optional<double> literature_auroc;  ///< see literature_scores
  EventVerdict verdict;
  Hindsight hindsight;
};

/// One row over all clips.
struct RowMeasures {
  std::string name, title;
  std::vector<ClipMeasures> clips;  ///< in the order of the runs
  std::optional<double> auroc_macro, auroc_micro, literature_macro, literature_micro;
  std::size_t ranges = 0, found = 0, false_events = 0, clips_passed = 0;
  std::size_t hindsight_found = 0, hindsight_false = 0;
  std::optional<double> delay_mean_s, delay_max_s;  ///< of what was found
  std::optional<double> cover;         ///< share of the novel frames that lie in events
  std::optional<double> normal_share;  ///< of the normal frames in events, held ones not counted
  std::size_t false_in_normal = 0;     ///< false events that begin in normal ranges
  double normal_hours = 0;
  CountInterval alarms_per_hour;  ///< 95 %, of false_in_normal; 0 without normal time
};

/// The scores smoothed over a centred second and scaled to [0, 1] over the clip, future included.
std::vector<double> literature_scores(const Track& track, double fps);

/// Tries 200 thresholds spread over the scores, one clip's best of its own: most ranges found less
/// false events, then least normal frames in events.
Hindsight best_in_hindsight(const Track& track, const ClipRun& run);

/// A row each for all tracks of the runs. runs: at least one, with the same tracks.
std::vector<RowMeasures> measure(const std::vector<ClipRun>& runs);

/// The files' texts; see docs/novelty.md for the keys and columns.
std::string result_json(const std::vector<ClipRun>& runs, const std::vector<RowMeasures>& rows,
                        const EvaluationOptions& options);
std::string result_csv(const std::vector<ClipRun>& runs, const std::vector<RowMeasures>& rows);
std::string frames_jsonl(const ClipRun& run);

/// The table for a terminal.
std::string plain_table(const std::vector<ClipRun>& runs, const std::vector<RowMeasures>& rows);

/// "0.987", "-" for none.
std::string share_text(const std::optional<double>& value);
/// "0.0 (0.0 to 3.7)".
std::string rate_text(const RowMeasures& row);

}  // namespace novelty
