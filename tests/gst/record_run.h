// SPDX-License-Identifier: Apache-2.0
// Plays test pictures with hand-made metadata into noveltyrecord and collects what it says.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "record_harness.h"

namespace novelty::testing {

/// What the metadata of a frame says; an empty event is a normal frame.
struct FrameMark {
  std::string event;
  double score = 1;  ///< the threshold is 2
  std::string scene_change;
};
using FrameMarks = std::function<FrameMark(int frame)>;

/// Frames [first, last] lie in the event.
FrameMarks one_event(const std::string& event, int first, int last);

struct RecordOptions {
  std::string record;  ///< properties of noveltyrecord
  FrameMarks marks;    ///< none: no frame is novel
  int frames = 100;    ///< -1: endless
  int rate = 10;       ///< a second
  bool live = false;   ///< paced by the clock, as a camera
  std::string source;  ///< more properties of videotestsrc
  std::string size = "width=64,height=48";
  std::string sound;  ///< a branch up to `record.audio_0`
};

class RecordRun {
 public:
  explicit RecordRun(RecordOptions options);
  ~RecordRun();
  RecordRun(const RecordRun&) = delete;
  RecordRun& operator=(const RecordRun&) = delete;

  void play() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }
  void stop() { gst_element_set_state(pipeline_, GST_STATE_NULL); }

  /// Plays to the end. False on an error or after a minute.
  bool run();

  /// Collects messages until one of that kind: "recorded", "warning", "info", "error", "eos".
  bool wait_for(const std::string& kind, int seconds = 60);

  /// Collects messages for so long.
  void listen(double seconds);

  GstElement* pipeline() { return pipeline_; }

  int frames() const { return frames_; }  ///< that went into the recorder

  /// Frames a second that go into the recorder, over so many seconds.
  double measure_rate(double seconds);

  std::vector<std::string> recorded;  ///< paths
  std::vector<std::string> told;      ///< kinds, in order
  std::vector<std::string> warnings;
  std::string error;

 private:
  std::string note(GstMessage* message);
  static GstPadProbeReturn add_meta(GstPad* pad, GstPadProbeInfo* info, gpointer data);

  RecordOptions options_;
  std::atomic<int> frames_{0};
  GstElement* pipeline_ = nullptr;
  GstBus* bus_ = nullptr;
};

}  // namespace novelty::testing
