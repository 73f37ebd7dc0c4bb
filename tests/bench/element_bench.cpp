// SPDX-License-Identifier: Apache-2.0
// What noveltydetect costs beside the networks, in processor time of the process: a pipeline over
// a hundred 1080p NV12 frames, the same frames prepared and scored in a plain loop, a pipeline in
// which one frame repeats; and the memory that the first and each further camera take.
//
// usage: element_bench MODEL
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "novelty/detector.h"
#include "novelty/error.h"

namespace {

constexpr int kWidth = 1920, kHeight = 1080, kFrames = 100, kRounds = 5, kCameras = 5;
constexpr gsize kBytes = gsize{kWidth} * kHeight * 3 / 2;
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
  long pages = 0, resident = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    (void)std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// A gradient with noise of its own in each frame.
std::vector<GstBuffer*> make_frames() {
  std::mt19937 random(1);
  std::vector<std::uint8_t> noise(kBytes + 65536);
  for (auto& value : noise) value = static_cast<std::uint8_t>(random() % 5);
  std::vector<GstBuffer*> frames;
  for (int i = 0; i < kFrames; ++i) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, kBytes, nullptr);
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_WRITE);
    const std::uint8_t* from = noise.data() + random() % 65536;
    for (gsize k = 0; k < kBytes; ++k)
      map.data[k] = static_cast<std::uint8_t>(60 + k % kWidth / 16 + from[k]);
    gst_buffer_unmap(buffer, &map);
    frames.push_back(buffer);
  }
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

double plain_ms(const novelty::Detector& detector, const std::vector<GstBuffer*>& frames) {
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
    detector.score(prepared, *scratch, score);
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
  double one = 0, all = 0;
  {
    Pipelines cameras(detect, 1);
    cameras.run(frames, kFrames);
    one = resident_mb();
  }
  {
    Pipelines cameras(detect, kCameras);
    cameras.run(frames, kFrames);
    all = resident_mb();
  }
  std::printf("memory: %.0f MB for a camera, %.1f MB for each further one\n", one - before,
              (all - one) / (kCameras - 1));
}

void print_times(const novelty::Detector& detector, const std::string& detect,
                 const std::vector<GstBuffer*>& frames) {
  std::vector<double> empty, whole, plain, repeated, over, cheaper;
  const std::vector<GstBuffer*> same{frames.front()};
  for (int round = 0; round < kRounds; ++round) {
    empty.push_back(frame_ms("identity", frames));
    plain.push_back(plain_ms(detector, frames));
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

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: element_bench MODEL\n");
    return 2;
  }
  try {
    const std::string detect =
        "noveltydetect mode=every-frame model=\"" + std::string(argv[1]) + "\"";
    const auto frames = make_frames();
    print_memory(detect, frames);
    print_times(*novelty::Detector::load(argv[1]), detect, frames);
    for (GstBuffer* buffer : frames) gst_buffer_unref(buffer);
  } catch (const novelty::Error& error) {
    std::fprintf(stderr, "element_bench: %s\n", error.what());
    return 1;
  }
}
