// SPDX-License-Identifier: Apache-2.0
// One labelled clip: trains on its training ranges, scores all of it, keeps what every row of the
// table says of every frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "clip_labels.h"
#include "event_judge.h"
#include "novelty/events.h"
#include "novelty/trainer.h"
#include "progress.h"
#include "scoring_run.h"

namespace novelty {

struct EvaluationOptions {
  std::string data;            ///< folder of the clips
  std::string out;             ///< folder of all that is written
  std::string teacher_path;    ///< empty = untrained
  std::string teacher_sha256;  ///< of that file; empty when untrained
  std::uint64_t seed = 0;
};

/// What one way of scoring says of a clip.
struct Track {
  std::string name;                ///< in files: "novelty", "mog2"
  std::string title;               ///< for people
  double threshold = 0;            ///< of the score, from training footage only
  std::vector<double> scores;      ///< [frames]
  std::vector<double> p_values;    ///< [frames]
  std::vector<FrameEvent> events;  ///< [frames]
};

/// The most novel frame of something the report shows.
struct ClipPicture {
  std::string event_id;   ///< of the event; empty: of a novel range
  std::size_t range = 0;  ///< place of the novel range, when it is of one
  ReportFrame frame;      ///< index: number in the clip
};

struct ClipRun {
  std::string name;
  ClipLabels labels;
  double fps = 0;
  std::string model_id;
  std::string teacher_name;
  bool untrained_teacher = false;
  std::vector<std::int64_t> pts_ns;    ///< [frames], -1 = none
  std::vector<std::int64_t> times_ns;  ///< [frames], increasing; made up where pts_ns is no use
  EventOptions event_options;          ///< the model's own
  std::vector<Track> tracks;           ///< first the model's own score
  std::vector<ClipPicture> pictures;   ///< the model's events, and every novel range
  std::vector<std::string> warnings;
};

/// The events that `scores` make of frames at `times_ns`. Throws: Error(kSettings).
std::vector<FrameEvent> events_of(const std::vector<double>& scores,
                                  const std::vector<std::int64_t>& times_ns,
                                  const EventOptions& options);

/// Where a clip's bundle and its report lie.
std::string model_path(const EvaluationOptions& options, const std::string& clip);

/// Decodes the clip and counts its frames. Throws: Error (kNotFound; kFormat when the labels say
/// another number).
void check_clip(const EvaluationOptions& options, const std::string& name,
                const ClipLabels& labels);

/// A bundle that is already there is used when it is of the same footage, teacher and seed;
/// training that was stopped goes on. `prefix` goes before the names of the stages ("1/3 ").
/// `watch` sees every frame as it is scored. Throws: Error; kCancelled on Ctrl-C.
ClipRun evaluate_clip(const EvaluationOptions& options, const std::string& name,
                      const ClipLabels& labels, Progress& progress, const std::string& prefix,
                      const ScoredFrameSink& watch = {});

}  // namespace novelty
