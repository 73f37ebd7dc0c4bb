// SPDX-License-Identifier: Apache-2.0
// What noveltydetect costs beside the networks, in processor time of the process: a pipeline over
// a hundred 1080p NV12 frames, the same frames prepared and scored in a plain loop, a pipeline in
// which one frame repeats; and the memory that the first and each further camera take.
//
// Also what videoconvertscale takes for the networks' picture, beside Detector::prepare.
//
// usage: element_bench MODEL
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "novelty/detector.h"
#include "novelty/error.h"

namespace {

constexpr int kWidth = 1920, kHeight = 1080, kFrames = 100, kRounds = 5, kCameras = 4;
constexpr const char* kFormat = "video/x-raw,format=NV12,width=1920,height=1080";
constexpr const char* kCaps = "video/x-raw,format=NV12,width=1920,height=1080,framerate=30/1";

double process_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) * 1e-6;
}

std::vector<GstBuffer*> decode_frames(const char* path) {
  const std::string text =
      "filesrc name=f ! decodebin ! videoconvertscale ! appsink name=a sync=false caps=" +
      std::string(kFormat);
  GstElement* pipeline = gst_parse_launch(text.c_str(), nullptr);
  GstElement* file = gst_bin_get_by_name(GST_BIN(pipeline), "f");
  g_object_set(file, "location", path, nullptr);
  gst_object_unref(file);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "a");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  std::vector<GstBuffer*> frames;
  while (frames.size() < kFrames) {
    GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(sink));
    if (sample == nullptr) break;
    GstBuffer* buffer = gst_buffer_copy_deep(gst_sample_get_buffer(sample));
    frames.push_back(buffer);
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
  if (frames.size() < kFrames)
    throw novelty::Error(novelty::ErrorKind::kRead, path,
                         "has fewer than " + std::to_string(kFrames) + " frames that decode");
  return frames;
}

// Pipelines of `element` that take turns with the frames; `used` sees them before they stop.
class Pipelines {
 public:
  Pipelines(const std::string& element, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string text =
          "appsrc name=s format=time max-buffers=2 block=true caps=" + std::string(kCaps) + " ! " +
          element + " ! fakesink sync=false";
      GError* error = nullptr;
      GstElement* pipeline = gst_parse_launch(text.c_str(), &error);
      if (error) throw novelty::Error(novelty::ErrorKind::kSettings, "pipeline", error->message);
      gst_element_set_state(pipeline, GST_STATE_PLAYING);
      pipelines_.push_back(pipeline);
    }
  }

  ~Pipelines() {
    for (GstElement* pipeline : pipelines_) {
      gst_element_set_state(pipeline, GST_STATE_NULL);
      gst_object_unref(pipeline);
    }
  }
  Pipelines(const Pipelines&) = delete;
  Pipelines& operator=(const Pipelines&) = delete;

  // Pushes `count` frames into each and waits for their end. frames: taken in turn.
  void run(const std::vector<GstBuffer*>& frames, int count) {
    for (int i = 0; i < count; ++i) {
      for (GstElement* pipeline : pipelines_) {
        GstBuffer* buffer = gst_buffer_copy(frames[static_cast<std::size_t>(i) % frames.size()]);
        GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(static_cast<guint64>(i), GST_SECOND, 30);
        GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "s");
        gst_app_src_push_buffer(GST_APP_SRC(source), buffer);
        if (i + 1 == count) gst_app_src_end_of_stream(GST_APP_SRC(source));
        gst_object_unref(source);
      }
    }
    for (GstElement* pipeline : pipelines_) wait(pipeline);
  }

 private:
  static void wait(GstElement* pipeline) {
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const bool failed = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
    GError* error = nullptr;
    if (failed) gst_message_parse_error(message, &error, nullptr);
    const std::string reason = failed ? error->message : "";
    g_clear_error(&error);
    gst_message_unref(message);
    gst_object_unref(bus);
    if (failed) throw novelty::Error(novelty::ErrorKind::kSettings, "pipeline", reason);
  }

  std::vector<GstElement*> pipelines_;
};

double frame_ms(const std::string& element, const std::vector<GstBuffer*>& frames) {
  Pipelines one(element, 1);
  const double start = process_ms();
  one.run(frames, kFrames);
  return (process_ms() - start) / kFrames;
}

enum class Work { kPrepare, kScore };

double plain_ms(const novelty::Detector& detector, const std::vector<GstBuffer*>& frames,
                Work work) {
  novelty::PreparedFrame prepared;
  novelty::FrameScore score;
  const auto scratch = detector.make_scratch();
  const double start = process_ms();
  for (GstBuffer* buffer : frames) {
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_READ);
    novelty::FrameView view{novelty::PixelFormat::kNv12, kWidth, kHeight};
    view.planes[0] = {map.data, kWidth};
    view.planes[1] = {map.data + std::ptrdiff_t{kWidth} * kHeight, kWidth};
    detector.prepare(view, prepared);
    if (work == Work::kScore) detector.score(prepared, *scratch, score);
    gst_buffer_unmap(buffer, &map);
  }
  return (process_ms() - start) / kFrames;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print_memory(const std::string& detect, const std::vector<GstBuffer*>& frames) {
  frame_ms("identity", frames);
  const double before = resident_mb();
  Pipelines camera(detect, 1);
  camera.run(frames, kFrames);
  const double one = resident_mb();
  Pipelines further(detect, kCameras);
  further.run(frames, kFrames);
  std::printf("memory: %.0f MB for a camera, %.1f MB for each further one\n", one - before,
              (resident_mb() - one) / kCameras);
}

void print_times(const novelty::Detector& detector, const std::string& detect,
                 const std::vector<GstBuffer*>& frames) {
  std::vector<double> empty, whole, plain, repeated, over, cheaper;
  const std::vector<GstBuffer*> same{frames.front()};
  for (int round = 0; round < kRounds; ++round) {
    empty.push_back(frame_ms("identity", frames));
    plain.push_back(plain_ms(detector, frames, Work::kScore));
    whole.push_back(frame_ms(detect, frames));
    repeated.push_back(frame_ms(detect, same) - (whole.back() - empty.back()) / kFrames);
    over.push_back((whole.back() - empty.back()) / plain.back());
    cheaper.push_back((whole.back() - empty.back()) / (repeated.back() - empty.back()));
  }
  std::printf("%s: processor time of a frame, medians of %d rounds\n",
              detector.info().precision.c_str(), kRounds);
  std::printf("  pipeline without the element   %7.3f ms\n", median(empty));
  std::printf("  prepared and scored in a loop  %7.3f ms\n", median(plain));
  std::printf("  pipeline with the element      %7.3f ms, less the one without %.3f of the loop\n",
              median(whole), median(over));
  std::printf(
      "  the same, a frame that repeats %7.3f ms, less the one without %.1f times cheaper\n",
      median(repeated), median(cheaper));
}

// The whole video with what counts as unchanged.
void print_unchanged(const char* model, const char* video, double tolerance) {
  GstElement* pipeline = gst_parse_launch(
      "filesrc name=f ! decodebin ! videoconvert ! noveltydetect name=d mode=every-frame ! "
      "fakesink",
      nullptr);
  GstElement* file = gst_bin_get_by_name(GST_BIN(pipeline), "f");
  GstElement* detect = gst_bin_get_by_name(GST_BIN(pipeline), "d");
  g_object_set(file, "location", video, nullptr);
  g_object_set(detect, "model", model, "unchanged-tolerance", tolerance, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  std::string events;
  for (bool going = true; going;) {
    GstMessage* message = gst_bus_timed_pop(bus, GST_CLOCK_TIME_NONE);
    const GstStructure* told = gst_message_get_structure(message);
    const GstMessageType type = GST_MESSAGE_TYPE(message);
    going = type != GST_MESSAGE_EOS && type != GST_MESSAGE_ERROR;
    guint64 time = 0;
    if (type == GST_MESSAGE_ELEMENT && gst_structure_get_uint64(told, "stream-time", &time)) {
      char text[32];
      const bool begins = gst_structure_has_name(told, "novelty-begin") != FALSE;
      const bool ends = gst_structure_has_name(told, "novelty-end") != FALSE;
      (void)std::snprintf(text, sizeof text, begins ? " %.2f" : "-%.2f",
                          static_cast<double>(time) / 1e9);
      if (begins || ends) events += text;
    }
    gst_message_unref(message);
  }
  GstStructure* stats = nullptr;
  g_object_get(detect, "stats", &stats, nullptr);
  guint64 frames = 0, unchanged = 0;
  gst_structure_get(stats, "frames", G_TYPE_UINT64, &frames, "unchanged", G_TYPE_UINT64, &unchanged,
                    nullptr);
  std::printf("unchanged-tolerance %.2f: %.1f %% of %d frames unchanged, events at%s s\n",
              tolerance, 100 * static_cast<double>(unchanged) / static_cast<double>(frames),
              static_cast<int>(frames), events.c_str());
  gst_structure_free(stats);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(file);
  gst_object_unref(detect);
  gst_object_unref(pipeline);
}

void print_preparation(const novelty::Detector& detector, const std::vector<GstBuffer*>& frames) {
  const std::string side = std::to_string(detector.info().input_size);
  const std::string convert =
      "videoconvertscale ! video/x-raw,format=RGB,width=" + side + ",height=" + side;
  std::vector<double> own, other, ratio;
  for (int round = 0; round < kRounds; ++round) {
    own.push_back(plain_ms(detector, frames, Work::kPrepare));
    other.push_back(frame_ms(convert, frames) - frame_ms("identity", frames));
    ratio.push_back(other.back() / own.back());
  }
  std::printf("a frame to the networks' input %.3f ms, by videoconvertscale %.3f ms, ratio %.1f\n",
              median(own), median(other), median(ratio));
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc != 3) {
    std::fprintf(stderr, "usage: element_bench MODEL VIDEO\n");
    return 2;
  }
  try {
    const std::string detect =
        "noveltydetect mode=every-frame model=\"" + std::string(argv[1]) + "\"";
    const auto frames = decode_frames(argv[2]);
    print_memory(detect, frames);
    const auto detector = novelty::Detector::load(argv[1]);
    print_preparation(*detector, frames);
    print_times(*detector, detect, frames);
    for (GstBuffer* buffer : frames) gst_buffer_unref(buffer);
    for (const double tolerance : {0.0, 0.5, 1.0, 2.0, 4.0})
      print_unchanged(argv[1], argv[2], tolerance);
  } catch (const novelty::Error& error) {
    std::fprintf(stderr, "element_bench: %s\n", error.what());
    return 1;
  }
}
