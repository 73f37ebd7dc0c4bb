// SPDX-License-Identifier: Apache-2.0
// Scores in the background, so that the thread that carries the frames never waits for a score.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "novelty/detector.h"

namespace novelty {

/// When a frame is, for results.
struct FrameTime {
  GstClockTime pts = GST_CLOCK_TIME_NONE;
  std::int64_t stream_ns = 0;  ///< as it passes: played backwards its negative
};

/// [grid*grid] of AreaMask::counted, shared by the frames it is in force for.
using CountedPatches = std::shared_ptr<const std::vector<std::uint8_t>>;

/// A frame to score and what came of it.
struct ScoreJob {
  std::shared_ptr<const Detector> detector;
  CountedPatches counted;
  PreparedFrame frame;
  FrameTime time;
  SceneState scene;              ///< what the guard says of the frame
  std::uint64_t generation = 0;  ///< the caller's, to tell results of before a flush

  bool done = false;  ///< result or error is set
  FrameScore result;
  double score = 0;          ///< the result's, as the networks gave it
  std::int64_t made_ns = 0;  ///< stream time of the frame that they saw
  std::exception_ptr error;  ///< what scoring threw
  std::int64_t elapsed_ns = 0;
};

/// The scores of one stream, made where the caller is. Not thread-safe.
class Scorer {
 public:
  /// Fills the outcome of `job`. Never throws.
  void score(ScoreJob& job);

 private:
  std::shared_ptr<const Detector> detector_;  // whose scratch this is
  std::unique_ptr<Detector::Scratch> scratch_;
};

/// Note [Hand-over without waiting]
/// There is one job, and at any time one side owns it: the caller while the worker is idle, the
/// worker otherwise. One atomic says whose it is; the caller only ever reads it and never waits for
/// a lock that a preempted low-priority thread could hold. A frame is prepared only when the worker
/// can take it at once, so it is the newest there is, and nothing of it is kept but the job's own
/// copy in the model's input size.
class DetectWorker {
 public:
  DetectWorker();
  /// Waits for the score in progress.
  ~DetectWorker();
  DetectWorker(const DetectWorker&) = delete;
  DetectWorker& operator=(const DetectWorker&) = delete;

  /// The job while the worker is idle (to read the last outcome and to fill the next frame), else
  /// null. Thread: one caller.
  ScoreJob* idle_job();

  /// Gives the job to the worker. Only while it is idle. Thread: the same caller.
  void submit();

 private:
  enum class Owner : int { kCaller, kWorker };

  void run();

  ScoreJob job_;  // of whom owner_ says
  std::atomic<Owner> owner_{Owner::kCaller};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace novelty
