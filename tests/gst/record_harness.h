// SPDX-License-Identifier: Apache-2.0
// Pipelines with hand-made verdicts that end in noveltyrecord, and what they left on the disk.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace novelty::testing {

/// What the metadata of a frame says; an empty event is a normal frame.
struct Mark {
  std::string event;
  double score = 1;
  std::string camera = "door";
  bool held = false;
};
using Marks = std::function<Mark(int frame)>;

/// Frames [first, last] lie in the event.
struct Span {
  std::string event;
  int first, last;
};

/// Scores rise towards the end of each span.
Marks marks_of(std::vector<Span> spans);

/// Puts the verdicts on the frames that leave an element, in the place of its own.
class Marker {
 public:
  /// Before the pipeline starts.
  Marker(GstElement* pipeline, const std::string& element, Marks marks);

  std::function<void(int frame)> before_frame;

 private:
  static GstPadProbeReturn mark(GstPad*, GstPadProbeInfo* info, gpointer data);

  Marks marks_;
  int frame_ = 0;
};

/// A pipeline from its description, and what came over its bus.
class RecordedPipeline {
 public:
  explicit RecordedPipeline(const std::string& description);
  ~RecordedPipeline();
  RecordedPipeline(const RecordedPipeline&) = delete;
  RecordedPipeline& operator=(const RecordedPipeline&) = delete;

  GstElement* pipeline() { return pipeline_; }
  void play() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }
  void stop() { gst_element_set_state(pipeline_, GST_STATE_NULL); }

  /// Plays to the end.
  void run();

  /// Collects messages until one of that type (and name), an error, or a long time passed.
  bool wait_for(GstMessageType type, const std::string& name = {});

  std::vector<std::string> recorded;  ///< locations, in order
  std::vector<std::string> event_ids;
  std::vector<std::string> order;  ///< "recorded", "eos", "warning", "error"
  std::string error;
  std::string warning;  ///< the last one

 private:
  void note(GstMessage* message);

  GstElement* pipeline_;
  GstBus* bus_;
};

/// Names in a folder, sorted; empty when it is not there.
std::vector<std::string> names_in(const std::filesystem::path& folder);

nlohmann::json sidecar_of(const std::string& recording);

struct Decoded {
  int frames = 0;
  GstClockTime first_pts = GST_CLOCK_TIME_NONE;
  std::int64_t end_ns = 0;  ///< of the last picture
  bool whole = false;       ///< ended with EOS, not with an error
};

/// Through a fresh decodebin.
Decoded decode(const std::string& path);

/// An encoded picture of a file, in decoding order.
struct FileUnit {
  std::int64_t pts_ns = 0;
  std::int64_t dts_ns = 0;
  std::string pixels;  ///< the VCL NAL units of H.264 and H.265, or all bytes of another format
  std::size_t bytes = 0;
  bool key = false;
};
std::vector<FileUnit> units_of(const std::string& path);

/// The same of one track of a clip, by its name: "video_0", "audio_0". Empty when it has none.
std::vector<FileUnit> units_of_track(const std::string& path, const std::string& track);

/// Loudness of a clip's first track of sound in steps of ten milliseconds: the largest sample, 0 to
/// 1.
std::vector<double> loudness_of(const std::string& path);

/// Where `part` lies in `whole`: the index of its first picture; -1 unless all of it is there, byte
/// by byte, in order and with the same differences of PTS.
int position_in(const std::vector<FileUnit>& whole, const std::vector<FileUnit>& part);

/// Mean luma of a picture, 0 to 255; -1 when it does not decode.
double mean_luma(const std::string& path);

bool is_installed(const char* element);

/// Takes elements out of the registry for as long as it lives.
class Hidden {
 public:
  explicit Hidden(const std::vector<const char*>& names);
  ~Hidden();
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  std::vector<GstPluginFeature*> features_;
};

}  // namespace novelty::testing
