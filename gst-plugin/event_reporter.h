// SPDX-License-Identifier: Apache-2.0
// From the scores of a stream to what is told about its events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "novelty/detector.h"
#include "novelty/events.h"
#include "noveltyevent.h"

namespace novelty {

/// What is to be told, in order; running time and wall clock are left to the element.
using Report = std::variant<NoveltyEvent, SceneNotice>;
using Reports = std::vector<Report>;

/// EventTracker plus what messages need: the region of the peak and a limit on updates, one in a
/// second of stream time. Not thread-safe; one per stream.
class EventReporter {
 public:
  /// Takes the model whose scores follow and its options.
  void configure(std::shared_ptr<const Detector> detector, const EventOptions& options);

  /// The score of the frame at `time_ns` of stream time, as FrameTime has it. While `scene` is held
  /// no event begins; while it is changed none is open.
  FrameState push(std::int64_t time_ns, const FrameScore& score, const SceneState& scene,
                  Reports& reports);

  /// Lets time pass without frames; true when it ended an event.
  bool advance(std::int64_t time_ns, Reports& reports);

  /// Ends an open event, clears a scene change that was told, and forgets all state.
  void close(const std::string& reason, Reports& reports);

 private:
  struct Peak {
    double score = 0;
    std::optional<Region> region;
  };

  void follow_scene(std::int64_t time_ns, SceneChange change, Reports& reports);
  void follow_peak(const FrameState& frame, const FrameScore& score);
  void report_open(const EventStep& step, std::int64_t time_ns, Reports& reports);
  void report_end(const Event& event, Reports& reports);
  NoveltyEvent report_of(const Event& event, EventChange change, std::int64_t time_ns) const;

  std::shared_ptr<const Detector> detector_;
  EventTracker tracker_{EventOptions{}};
  std::optional<Peak> peak_;                // of the novel frames since the last that was not
  bool update_due_ = false;                 // a new peak was not told yet
  SceneChange scene_ = SceneChange::kNone;  // told
  std::int64_t last_ns_ = 0;
  std::int64_t told_ns_ = 0;  // when the open event was told of last
};

}  // namespace novelty
