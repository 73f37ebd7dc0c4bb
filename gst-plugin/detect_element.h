// SPDX-License-Identifier: Apache-2.0
// The GStreamer side of noveltydetect behind its GObject shell: buffers, events, time and queries.
#pragma once

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

#include "detect_settings.h"
#include "detect_state.h"

namespace novelty {

/// Thread: any for settings, open, close, latency and reconfigure; else the streaming thread, or
/// none while the element does not stream.
class DetectElement {
 public:
  /// element: not owned, outlives this.
  explicit DetectElement(GstBaseTransform* element);

  DetectSettings settings() const;

  /// Changes the settings under the lock.
  void change(const std::function<void(DetectSettings&)>& edit);

  /// Changes `roi` or `ignore`. While open a mask that cannot be is told as a warning, and the one
  /// in use stays.
  void change_area(const std::function<void(DetectSettings&)>& edit);

  /// While open: loads the model of the settings in the background, to be taken over at a frame.
  void reload();

  /// Takes the next scored picture as the scene-change guard's reference. Thread: any.
  void rearm() { rearm_ = true; }

  DetectStats stats() const { return state_.stats(); }

  /// NULL to READY and back. Throws: Error.
  void open();
  void close();

  /// READY to PAUSED and back.
  void start();
  void stop();

  void set_info(const GstVideoInfo& info);

  /// Scores, tells and puts the meta on a writable buffer. Throws: Error.
  void frame(GstBuffer* buffer);

  /// Before an event goes on downstream.
  void sink_event(GstEvent* event);

  /// Chooses the mode again at the next frame.
  void reconfigure() { choose_mode_ = true; }

  /// How long frames wait here: the longest score in the streaming thread of a live source, else 0.
  GstClockTime latency() const { return latency_ns_; }

 private:
  void open_area();
  void try_area(const std::function<void(DetectSettings&)>& edit);
  void choose_mode(const DetectSettings& settings);
  bool upstream_is_live() const;
  FrameTime time_of(GstBuffer* buffer);
  void score(GstBuffer* buffer, const FrameTime& time, Reports& reports);
  void note_latency(std::int64_t waited_ns);
  void reset(const std::string& reason);
  void take_segment(GstEvent* event);
  void take_gap(GstEvent* event);

  GstBaseTransform* const element_;
  std::mutex area_mutex_;  // held while a mask is read; before mutex_
  mutable std::mutex mutex_;
  DetectSettings settings_;  // guarded by mutex_
  bool open_ = false;        // guarded by mutex_
  DetectState state_;
  GstVideoInfo info_;
  bool live_ = false;
  bool background_ = false;
  bool warned_of_matrix_ = false;
  std::int64_t next_ns_ = 0;  // stream time of a frame without a PTS
  std::atomic<bool> rearm_{false};
  std::atomic<bool> choose_mode_{true};
  std::atomic<GstClockTime> latency_ns_{0};
};

}  // namespace novelty
