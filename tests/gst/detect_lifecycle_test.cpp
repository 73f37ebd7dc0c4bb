// SPDX-License-Identifier: Apache-2.0
// noveltydetect in whole pipelines: starting, stopping, seeking, leaking nothing.
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <numeric>
#include <vector>

#include "detect_harness.h"
#include "test_model.h"

namespace novelty::testing {
namespace {

namespace fs = std::filesystem;

constexpr auto kEndOrError =
    static_cast<GstMessageType>(static_cast<int>(GST_MESSAGE_EOS) | GST_MESSAGE_ERROR);

// A pipeline of `line`, in which %MODEL% is a model's path.
class Pipeline {
 public:
  explicit Pipeline(std::string line) {
    write_test_model(dir_ / "m.novelty");
    if (const auto at = line.find("%MODEL%"); at != std::string::npos)
      line.replace(at, 7, dir_ / "m.novelty");
    GError* error = nullptr;
    pipeline_ = gst_parse_launch(line.c_str(), &error);
    EXPECT_EQ(error, nullptr) << error->message;
    bus_ = gst_element_get_bus(pipeline_);
  }
  ~Pipeline() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(bus_);
    gst_object_unref(pipeline_);
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  GstElement* get() { return pipeline_; }
  GstBus* bus() { return bus_; }

  bool reach(GstState state) {
    gst_element_set_state(pipeline_, state);
    return gst_element_get_state(pipeline_, nullptr, nullptr, 10 * GST_SECOND) ==
           GST_STATE_CHANGE_SUCCESS;
  }

  bool play_to_end() {
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    GstMessage* message = wait_message(bus_, kEndOrError);
    if (message == nullptr) return false;
    const bool ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    gst_message_unref(message);
    return ended;
  }

 private:
  TempDir dir_;
  GstElement* pipeline_;
  GstBus* bus_;
};

// What a program printed, both streams, and how it ended.
struct Output {
  std::string text;
  int status = -1;
};

Output run_program(const std::vector<std::string>& arguments,
                   const std::vector<std::pair<std::string, std::string>>& variables = {}) {
  std::vector<gchar*> argv;
  argv.reserve(arguments.size() + 1);
  for (const auto& argument : arguments) argv.push_back(const_cast<gchar*>(argument.c_str()));
  argv.push_back(nullptr);
  gchar** env = g_get_environ();
  for (const auto& [name, value] : variables)
    env = g_environ_setenv(env, name.c_str(), value.c_str(), TRUE);
  gchar* out = nullptr;
  gchar* err = nullptr;
  Output output;
  if (g_spawn_sync(nullptr, argv.data(), env, G_SPAWN_SEARCH_PATH, nullptr, nullptr, &out, &err,
                   &output.status, nullptr) != FALSE)
    output.text = std::string(out) + err;
  g_free(out);
  g_free(err);
  g_strfreev(env);
  return output;
}

TEST(NoveltyLifecycle, EveryChangeOfStateWorks) {
  Pipeline pipeline("videotestsrc ! noveltydetect model=%MODEL% ! fakesink");
  for (const GstState state :
       {GST_STATE_READY, GST_STATE_NULL, GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_PAUSED,
        GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_PLAYING,
        GST_STATE_NULL, GST_STATE_PLAYING})
    EXPECT_TRUE(pipeline.reach(state)) << gst_element_state_get_name(state);
}

TEST(NoveltyLifecycle, EndsWithoutAFrame) {
  Pipeline pipeline("videotestsrc num-buffers=0 ! noveltydetect name=d model=%MODEL% ! fakesink");
  EXPECT_TRUE(pipeline.play_to_end());
}

TEST(NoveltyLifecycle, StopsBeforeCaps) {
  Pipeline pipeline("appsrc ! noveltydetect model=%MODEL% ! fakesink");
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  GstMessage* error = gst_bus_pop_filtered(pipeline.bus(), GST_MESSAGE_ERROR);
  EXPECT_EQ(error, nullptr);
}

TEST(NoveltyLifecycle, SeeksEndTheEventAndBeginANewOne) {
  Pipeline pipeline(
      "videotestsrc pattern=white num-buffers=100 ! noveltydetect model=%MODEL% ! "
      "fakesink sync=false");
  ASSERT_TRUE(pipeline.reach(GST_STATE_PAUSED));
  ASSERT_TRUE(gst_element_seek_simple(
      pipeline.get(), GST_FORMAT_TIME,
      static_cast<GstSeekFlags>(static_cast<int>(GST_SEEK_FLAG_FLUSH) | GST_SEEK_FLAG_ACCURATE),
      GST_SECOND));
  ASSERT_EQ(gst_element_get_state(pipeline.get(), nullptr, nullptr, 10 * GST_SECOND),
            GST_STATE_CHANGE_SUCCESS);
  const auto told = novelty_messages(pipeline.bus());
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[1].reason, "flush");
  EXPECT_EQ(told[2].change, EventChange::kBegin);
  EXPECT_EQ(told[2].stream_time, GST_SECOND);
  EXPECT_NE(told[2].event_id, told[0].event_id);
}

GstPadProbeReturn count_meta(GstPad*, GstPadProbeInfo* info, gpointer count) {
  const auto meta = read_novelty_meta(GST_PAD_PROBE_INFO_BUFFER(info));
  if (meta && meta->map_size == 4 && meta->region_count == 1) ++*static_cast<int*>(count);
  return GST_PAD_PROBE_OK;
}

TEST(NoveltyMeta, SurvivesConversionScalingAndEncoding) {
  for (const std::string chain :
       {"videoconvert ! video/x-raw,format=RGB", "videoscale ! video/x-raw,width=33,height=44",
        "videocrop left=8", "queue", "jpegenc", "x264enc tune=zerolatency", "vp8enc deadline=1"}) {
    const std::string element = chain.substr(0, chain.find(' '));
    GstElementFactory* factory = gst_element_factory_find(element.c_str());
    if (factory == nullptr) continue;
    gst_object_unref(factory);
    Pipeline pipeline(
        "videotestsrc pattern=white num-buffers=12 ! "
        "video/x-raw,format=I420,width=64,height=64 ! noveltydetect model=%MODEL% ! " +
        chain + " ! fakesink name=k");
    int count = 0;
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline.get()), "k");
    GstPad* pad = gst_element_get_static_pad(sink, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, count_meta, &count, nullptr);
    gst_object_unref(pad);
    gst_object_unref(sink);
    EXPECT_TRUE(pipeline.play_to_end()) << chain;
    EXPECT_EQ(count, 12) << chain;
  }
}

TEST(NoveltyMeta, IsReadByPlainGObjectIntrospection) {
  const char* python = "/usr/bin/python3";
  if (run_program({python, "-c", "import gi; gi.require_version('Gst', '1.0')"}).status != 0)
    GTEST_SKIP() << "python3-gi and gir1.2-gstreamer-1.0 are not installed";
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  const auto output = run_program(
      {python, std::string(std::getenv("NOVELTY_SOURCE_ROOT")) + "/tests/gst/read_meta.py",
       dir / "m.novelty"});
  EXPECT_EQ(output.status, 0) << output.text;
}

std::vector<std::string> launch(const std::string& model) {
  return {"gst-launch-1.0", "-q", "videotestsrc",  "pattern=white",
          "num-buffers=20", "!",  "noveltydetect", "mode=latest",
          "model=" + model, "!",  "fakesink"};
}

TEST(NoveltyLifecycle, LeaksNoObject) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  const auto output = run_program(
      launch(dir / "m.novelty"),
      {{"GST_TRACERS", "leaks"}, {"GST_DEBUG", "GST_TRACER:7"}, {"GST_DEBUG_NO_COLOR", "1"}});
  EXPECT_EQ(output.status, 0);
  EXPECT_NE(output.text.find("object-alive.class"), std::string::npos) << "no tracer";
  EXPECT_EQ(output.text.find(":: object-alive,"), std::string::npos) << output.text;
}

TEST(NoveltyLifecycle, ScoresWithoutAnyBackendLibrary) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  for (const char* name : {"libnovelty-torch.so", "libnovelty-cuda.so"})
    std::ofstream(dir / name) << "no library";
  const std::vector<std::pair<std::string, std::string>> nowhere = {
      {"NOVELTY_BACKEND_DIR", dir.path()}, {"GST_REGISTRY", dir / "registry.bin"}};
  EXPECT_EQ(run_program({"gst-inspect-1.0", "noveltydetect"}, nowhere).status, 0);
  const auto output = run_program(launch(dir / "m.novelty"), nowhere);
  EXPECT_EQ(output.status, 0) << output.text;
}

double resident_kb() {
  long pages = 0;
  std::ifstream statm("/proc/self/statm");
  statm >> pages >> pages;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
}

std::ptrdiff_t entries_of(const char* folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

// Least squares over 0, 1, 2, ...
double slope_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean_x = (n - 1) / 2;
  const double mean_y = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double xy = 0, xx = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = static_cast<double>(i) - mean_x;
    xy += x * (values[i] - mean_y);
    xx += x * x;
  }
  return xy / xx;
}

// Waits until the threads of a stopped pipeline are gone: GStreamer's task pool keeps them a while.
std::ptrdiff_t settled_threads(std::ptrdiff_t expected) {
  const gint64 end = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;
  while (entries_of("/proc/self/task") > expected && g_get_monotonic_time() < end)
    g_usleep(G_TIME_SPAN_MILLISECOND * 20);
  return entries_of("/proc/self/task");
}

TEST(NoveltyLifecycle, TwoHundredStartsLeaveNothingBehind) {
  Pipeline pipeline(
      "videotestsrc pattern=white num-buffers=4 ! video/x-raw,width=64,height=64 ! "
      "noveltydetect mode=latest model=%MODEL% ! fakesink");
  std::vector<double> resident;
  std::ptrdiff_t files = 0, threads = 0;
  for (int cycle = 0; cycle < 200; ++cycle) {
    ASSERT_TRUE(pipeline.play_to_end()) << cycle;
    ASSERT_TRUE(pipeline.reach(GST_STATE_NULL)) << cycle;
    if (cycle == 49) {
      files = entries_of("/proc/self/fd");
      threads = entries_of("/proc/self/task");
    }
    malloc_trim(0);
    if (cycle >= 49) resident.push_back(resident_kb());
  }
  std::printf("resident memory: %.2f kB a cycle\n", slope_of(resident));
  EXPECT_LE(slope_of(resident), 10);
  EXPECT_EQ(entries_of("/proc/self/fd"), files);
  EXPECT_LE(settled_threads(threads), threads);
}

}  // namespace
}  // namespace novelty::testing
