// SPDX-License-Identifier: Apache-2.0
// Scores footage with a model, frame by frame and in order: the work of `novelty score`.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "frame_ranges.h"
#include "novelty/area_mask.h"
#include "novelty/detector.h"
#include "novelty/events.h"

namespace novelty {

/// One scored frame or image.
struct ScoredFrame {
  std::string input;         ///< the video, or the image
  std::size_t frame = 0;     ///< number in the video, or in the list of images
  std::int64_t pts_ns = -1;  ///< videos: the frame's time stamp; -1 = none
  double score = 0;
  double p_value = 1;
  bool novel = false;  ///< videos: feeds an event; images: at or over the threshold
  bool held = false;
  std::optional<double> drift;  ///< videos, adapting: what `score` was lowered by
  std::string scene_change;     ///< videos: the scene-change flag, or empty
  std::string event_id;         ///< of the event it lies in, else empty

  const PreparedFrame* prepared = nullptr;  ///< what was scored; valid during the sink's call
  const FrameScore* result = nullptr;       ///< the same
};

/// An event that has ended, for the table.
struct FoundEvent {
  std::string input;
  Event event;
  double p_value = 1;  ///< of the peak
  std::string where;   ///< of the peak: "upper left", ...
};

/// What a run found.
struct ScoringResult {
  std::size_t frames = 0;
  std::size_t novel = 0;
  std::vector<FoundEvent> events;
  std::size_t scene_changed = 0;      ///< frames at which the scene-change flag was up
  std::vector<std::string> warnings;  ///< images left out, videos cut off
};

using ScoredFrameSink = std::function<void(const ScoredFrame&)>;

/// Videos one after the other, each a stream of its own with the model's event options. area:
/// where novelty counts. adapt: follow slow drift, as the element's property does. Throws: Error,
/// also when no frame lies in `frames` or no patch in `area`.
ScoringResult score_videos(const Detector& detector, const std::vector<std::string>& videos,
                           const FrameRanges& frames, const ScoredFrameSink& sink,
                           const AreaMask& area = {}, bool adapt = false);

/// Images, each on its own; unreadable ones are left out. `frames` counts in the sorted list.
/// Throws: Error, also when none can be read or no patch lies in `area`.
ScoringResult score_images(const Detector& detector, const std::vector<std::string>& inputs,
                           const FrameRanges& frames, const ScoredFrameSink& sink,
                           const AreaMask& area = {});

/// The ninth of the picture in which the most novel place of `score` lies: "upper left", "middle".
std::string place_of(const FrameScore& score);

}  // namespace novelty
