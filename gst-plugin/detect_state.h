// SPDX-License-Identifier: Apache-2.0
// What noveltydetect does with a stream of frames, free of GObject: when to score, which result a
// frame carries and what is told.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "detect_settings.h"
#include "detect_worker.h"
#include "event_reporter.h"
#include "model_loader.h"
#include "novelty/drift.h"
#include "novelty/frame.h"
#include "noveltymeta.h"

namespace novelty {

/// Counters of the element's `stats`, since the model was opened.
struct DetectStats {
  std::uint64_t frames = 0;
  std::uint64_t scored = 0;
  std::uint64_t unchanged = 0;      ///< of them, those that took the score of the one before
  std::uint64_t events = 0;         ///< begun
  std::uint64_t scene_changes = 0;  ///< raised
  std::string scene_change;         ///< the flag now; empty: none
  bool background = false;          ///< scores the newest frame in the background (mode=latest)
  std::string model_id;
  std::string device, precision;
  std::string model_path;
  std::int64_t scoring_ns = 0;  ///< of the last score
  double last_score = 0;
  double drift = 0;  ///< subtracted from the next score
};

/// Thread: the streaming thread, or none while the element does not stream, except where said.
class DetectState {
 public:
  /// failure: see ModelLoader; also called on the streaming thread.
  explicit DetectState(const ModelLoader::Failure& failure) : failure_(failure), loader_(failure) {}

  /// Loads the model; the only slow call. settings.area must be set, as for begin_frame.
  /// Throws: Error.
  void open(const DetectSettings& settings);

  /// Frees the model.
  void close();

  /// Loads another model in the background, to be taken over at a frame. Thread: any.
  void request_model(const DetectSettings& settings) {
    loader_.request(settings.model, detector_options(settings));
  }

  /// Throws Error(kSettings) where `area` leaves nothing of the model's patches. Thread: any.
  void check_area(const AreaMask& area) const;

  /// Chooses where frames are scored from now on: in the background, or in `offer`.
  void set_background(bool background);

  /// Stops the background thread and forgets results; ends an open event with `reason`.
  void stop(const std::string& reason, Reports& reports);

  /// Forgets results; ends an open event with `reason` (flush, discontinuity, end of stream).
  void reset(const std::string& reason, Reports& reports);

  /// Starts a frame: takes over a model that was loaded meanwhile (returned), applies the settings,
  /// and takes what the background thread scored. Throws: what scoring threw.
  std::shared_ptr<const Detector> begin_frame(const DetectSettings& settings, Reports& reports);

  /// Whether the frame begun is to be scored: then `offer` it.
  bool wants_pixels();

  /// Scores `frame`, or hands it to the background thread; it is not needed afterwards.
  /// Throws: Error.
  void offer(const FrameView& frame, const FrameTime& time, Reports& reports);

  /// What a frame at `time` carries: the newest result and its age; nothing before the first.
  std::optional<NoveltyMeta> meta_at(const FrameTime& time) const;

  /// Takes the next scored picture as the scene-change guard's reference.
  void rearm() {
    if (guard_) guard_->rearm();
  }

  /// Lets time pass without frames (GAP).
  void advance(std::int64_t stream_ns, Reports& reports);

  /// Thread: any.
  DetectStats stats() const;

 private:
  void use(std::shared_ptr<const Detector> detector, CountedPatches counted);
  std::shared_ptr<const Detector> take_over(const DetectSettings& settings, Reports& reports);
  CountedPatches counted_or_null(const Detector& detector, const AreaMask& area) const;
  void apply(const DetectSettings& settings);
  void collect(Reports& reports);
  void configure();
  bool is_unchanged(const ScoreJob& job, const FrameTime& time) const;
  SceneState watch(const FrameTime& time, bool unchanged);
  void take_outcome(ScoreJob& job, Reports& reports);
  FrameState judge(ScoreJob& job, Reports& reports);
  void forget();
  void count(const Reports& reports, std::size_t first);

  const ModelLoader::Failure failure_;
  ModelLoader loader_;
  std::shared_ptr<const Detector> detector_;
  CountedPatches counted_;   // of settings_.area and detector_
  DetectSettings settings_;  // applied to reporter_
  EventOptions options_;     // in force
  EventReporter reporter_;
  DriftTracker drift_;                    // at 0 unless settings_.adapt
  std::optional<SceneGuard> guard_;       // of detector_
  bool watched_ = false;                  // it has seen the newest frame
  PreparedFrame incoming_;                // the newest frame, while it is not in the job
  Scorer scorer_;                         // for scoring in the streaming thread
  ScoreJob job_;                          // its frame and result
  std::unique_ptr<DetectWorker> worker_;  // null: score in the streaming thread
  std::uint64_t generation_ = 0;          // raised when results under way become void
  std::uint32_t since_scored_ = 0;        // frames, for inference-interval
  std::optional<NoveltyMeta> last_;       // the newest result

  mutable std::mutex stats_mutex_;
  DetectStats stats_;  // guarded by stats_mutex_
  int grid_size_ = 0;  // guarded by stats_mutex_; of detector_, 0 without one
};

/// The event options of a model under the settings of the element. A threshold keeps the model's
/// distance between beginning and leaving an event.
EventOptions event_options(const Detector& detector, const DetectSettings& settings);

}  // namespace novelty
