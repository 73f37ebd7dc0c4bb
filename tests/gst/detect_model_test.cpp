// SPDX-License-Identifier: Apache-2.0
// Models of noveltydetect: missing, broken, exchanged while playing.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "detect_harness.h"
#include "test_model.h"

namespace novelty::testing {
namespace {

namespace fs = std::filesystem;

// Brings a lone element to READY and gives the error it posts.
struct Attempt {
  explicit Attempt(const std::string& properties) {
    GstElement* element = gst_parse_launch(("noveltydetect " + properties).c_str(), nullptr);
    GstElement* pipeline = gst_pipeline_new(nullptr);
    gst_bin_add(GST_BIN(pipeline), element);
    result = gst_element_set_state(pipeline, GST_STATE_READY);
    GstBus* bus = gst_element_get_bus(pipeline);
    if (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      text = error->message;
      domain = error->domain;
      code = error->code;
      g_error_free(error);
      gst_message_unref(message);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
  }

  void expect(GQuark of_domain, gint of_code, const std::string& part) const {
    EXPECT_EQ(result, GST_STATE_CHANGE_FAILURE);
    EXPECT_EQ(domain, of_domain) << text;
    EXPECT_EQ(code, of_code) << text;
    EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }

  GstStateChangeReturn result;
  std::string text;
  GQuark domain = 0;
  gint code = 0;
};

// Sets a variable for the time of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (old_.empty())
      unsetenv(name_);
    else
      setenv(name_, old_.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
};

TEST(NoveltyModel, UnsetIsAClearError) {
  Attempt("").expect(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "novelty train");
}

TEST(NoveltyModel, MissingIsAClearError) {
  Attempt("model=/nowhere/room.novelty")
      .expect(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/room.novelty");
}

TEST(NoveltyModel, UnknownDeviceIsAClearError) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  Attempt("model=" + (dir / "m.novelty") + " device=abacus")
      .expect(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "abacus");
}

TEST(NoveltyModel, AnythingElseIsAClearError) {
  const TempDir dir;
  std::ofstream(dir / "text.novelty") << "not a model";
  Attempt("model=" + (dir / "text.novelty"))
      .expect(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ, "text.novelty");
}

TEST(NoveltyModel, TruncatedIsAClearError) {
  const TempDir dir;
  const std::string path = dir / "cut.novelty";
  write_test_model(path);
  fs::resize_file(path, fs::file_size(path) - 1);
  Attempt("model=" + path).expect(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ, "cut.novelty");
}

TEST(NoveltyModel, LoadsAfterAFailure) {
  const TempDir dir;
  write_test_model(dir / "m.novelty");
  GstElement* element = gst_element_factory_make("noveltydetect", nullptr);
  g_object_set(element, "model", "/nowhere", nullptr);
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  g_object_set(element, "model", (dir / "m.novelty").c_str(), nullptr);
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state(element, GST_STATE_NULL);
  gst_object_unref(element);
}

TEST(NoveltyModel, IsNotReadAgainWhilePlaying) {
  DetectHarness detect;
  detect.push(0.5, 0);
  fs::resize_file(detect.model(), 100);
  EXPECT_TRUE(detect.push(0.5, 1)->novel);
}

// Pushes frames until the bus says that the model was taken over, or for ten seconds.
bool push_until_loaded(DetectHarness& detect, int first_frame) {
  const gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
  for (int frame = first_frame; g_get_monotonic_time() < end; ++frame) {
    detect.push(0.5, frame);
    GstMessage* message = gst_bus_pop_filtered(detect.bus(), GST_MESSAGE_ELEMENT);
    if (message == nullptr) {
      g_thread_yield();
      continue;
    }
    const bool loaded = gst_message_has_name(message, "novelty-model-loaded") != FALSE;
    gst_message_unref(message);
    if (loaded) return true;
  }
  return false;
}

TEST(NoveltyModel, IsExchangedAtAFrame) {
  DetectHarness detect;
  const TempDir dir;
  const std::string id = write_test_model(dir / "other.novelty", {.seed = 7, .threshold = 2});
  const auto before = detect.push(0.5, 0);
  EXPECT_TRUE(before->novel);
  novelty_messages(detect.bus());
  g_object_set(detect.element(), "model", (dir / "other.novelty").c_str(), nullptr);
  ASSERT_TRUE(push_until_loaded(detect, 1));
  const auto after = detect.push(0.5, 1 << 24);
  EXPECT_EQ(after->model_id, id);
  EXPECT_EQ(after->threshold, 2);
  EXPECT_FALSE(after->novel);
}

TEST(NoveltyModel, OfTheSamePathIsLoadedAgain) {
  DetectHarness detect;
  detect.push(0.5, 0);
  const std::string id = write_test_model(detect.model(), {.seed = 9});
  g_object_set(detect.element(), "model", detect.model().c_str(), nullptr);
  ASSERT_TRUE(push_until_loaded(detect, 1));
  EXPECT_EQ(detect.push(0.5, 1 << 24)->model_id, id);
}

TEST(NoveltyModel, InUseStaysWhenTheNextIsBad) {
  DetectHarness detect;
  const auto before = detect.push(0.5, 0);
  g_object_set(detect.element(), "model", "/nowhere/next.novelty", nullptr);
  const std::string warning = wait_text(detect.bus(), GST_MESSAGE_WARNING);
  EXPECT_NE(warning.find("/nowhere/next.novelty"), std::string::npos) << warning;
  EXPECT_NE(warning.find("stays"), std::string::npos) << warning;
  const auto after = detect.push(0.5, 1);
  EXPECT_EQ(after->model_id, before->model_id);
  EXPECT_EQ(after->event_id, before->event_id);
}

// What the bus said, in order: "begin", "end over", "loaded", "warning".
std::vector<std::string> said(GstBus* bus) {
  std::vector<std::string> lines;
  while (GstMessage* message = gst_bus_pop(bus)) {
    const GstStructure* fields = gst_message_get_structure(message);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) lines.emplace_back("warning");
    if (fields != nullptr && gst_structure_has_name(fields, "novelty-model-loaded") != FALSE)
      lines.emplace_back("loaded");
    if (const auto event = novelty_event_of(fields); event && event->change != EventChange::kUpdate)
      lines.push_back(event->change == EventChange::kBegin ? "begin" : "end " + event->reason);
    gst_message_unref(message);
  }
  return lines;
}

// Pushes frames from `frame` on until they carry another model's result, or for ten seconds.
std::optional<NoveltyMeta> push_until_other(DetectHarness& detect, const std::string& id,
                                            double brightness, int frame) {
  const gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
  while (g_get_monotonic_time() < end) {
    const auto meta = detect.push(brightness, frame++);
    if (meta && meta->model_id != id) return meta;
    g_thread_yield();
  }
  return std::nullopt;
}

TEST(NoveltyModel, ThatTakesOverEndsTheEventAndScoresThatFrame) {
  DetectHarness detect;
  const TempDir dir;
  write_test_model(dir / "other.novelty", {.seed = 7});
  const auto before = detect.push(0.5, 0);
  g_object_set(detect.element(), "model", (dir / "other.novelty").c_str(), nullptr);
  const auto after = push_until_other(detect, before->model_id, 0.5, 1);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->age_ns, 0U);
  EXPECT_NE(after->event_id, before->event_id);
  EXPECT_EQ(said(detect.bus()),
            (std::vector<std::string>{"begin", "loaded", "end model", "begin"}));
}

TEST(NoveltyModel, ThatIsBrokenIsOneWarningAndTheEventGoesOn) {
  DetectHarness detect;
  const TempDir dir;
  const std::string broken = dir / "broken.novelty";
  write_test_model(broken);
  fs::resize_file(broken, fs::file_size(broken) - 1);
  const auto before = detect.push(0.5, 0);
  g_object_set(detect.element(), "model", broken.c_str(), nullptr);
  EXPECT_NE(wait_text(detect.bus(), GST_MESSAGE_WARNING).find(broken), std::string::npos);
  EXPECT_EQ(detect.push(0.5, 1)->event_id, before->event_id);
  write_test_model(broken, {.seed = 7});
  g_object_set(detect.element(), "model", broken.c_str(), nullptr);
  EXPECT_TRUE(push_until_other(detect, before->model_id, 0.5, 2)) << "and the next good one loads";
  EXPECT_EQ(said(detect.bus()), (std::vector<std::string>{"loaded", "end model", "begin"}))
      << "no second warning";
}

TEST(NoveltyModel, BeforeIsNoMoreHeardOfWhenItWasStillScoring) {
  const TempDir dir;
  write_test_model(dir / "other.novelty", {.seed = 7});
  DetectHarness reference;
  const std::string old = reference.push(0, 0)->model_id;
  setenv("NOVELTY_FAKE_BURN_MS", "500", 1);
  DetectHarness detect("mode=latest");
  unsetenv("NOVELTY_FAKE_BURN_MS");
  detect.push(1, 0);  // novel, and scored for half a second
  g_object_set(detect.element(), "model", (dir / "other.novelty").c_str(), nullptr);
  const auto first = push_until_other(detect, old, 0, 1);
  ASSERT_TRUE(first);
  EXPECT_LT(first->score, 0.1);
  EXPECT_EQ(said(detect.bus()), (std::vector<std::string>{"loaded"}))
      << "the old score begins nothing";
}

// A training run that renames its result over the file, over and over.
TEST(NoveltyModel, IsOneOrTheOtherWhileItsFileIsReplaced) {
  DetectHarness detect;
  const TempDir dir;
  const std::array ids{write_test_model(dir / "0", {.seed = 7}),
                       write_test_model(dir / "1", {.seed = 8})};
  const auto replace = [&](int i) {
    fs::copy_file(dir / std::to_string(i % 2), dir / "part");
    fs::rename(dir / "part", detect.model());
  };
  replace(0);  // the harness's own model is neither
  std::atomic<bool> stop{false};
  std::thread trainer([&] {
    for (int i = 1; !stop; ++i) replace(i);
  });
  for (int i = 0; i < 20; ++i) {
    g_object_set(detect.element(), "model", detect.model().c_str(), nullptr);
    EXPECT_TRUE(push_until_loaded(detect, 1000 * i));
    const auto meta = detect.push(0.5, 1000 * i + 999);
    EXPECT_EQ(std::count(ids.begin(), ids.end(), meta->model_id), 1) << meta->model_id;
  }
  stop = true;
  trainer.join();
  EXPECT_EQ(std::ranges::count(said(detect.bus()), "warning"), 0);
}

TEST(NoveltyModel, RollsTheDriftBack) {
  DetectHarness detect("mode=every-frame adapt=true");
  const TempDir dir;
  write_test_model(dir / "other.novelty", {.seed = 7});
  for (int second = 0; second < 100; ++second) detect.push(0.15, 25 * second);
  const auto before = detect.push(0.15, 2500);
  EXPECT_GT(before->drift, 0);
  g_object_set(detect.element(), "model", (dir / "other.novelty").c_str(), nullptr);
  EXPECT_EQ(push_until_other(detect, before->model_id, 0.15, 2501)->drift, 0);
}

TEST(NoveltyModel, ThatFailsToScoreEndsTheStream) {
  const Variable fail("NOVELTY_FAKE_FAIL_AFTER", "2");
  DetectHarness detect;
  EXPECT_EQ(detect.push_only(0.5, 0), GST_FLOW_OK);
  EXPECT_EQ(detect.push_only(0.6, 1), GST_FLOW_ERROR);
  EXPECT_NE(wait_text(detect.bus(), GST_MESSAGE_ERROR).find("failed on demand"), std::string::npos);
}

TEST(NoveltyModel, ThatFailsToScoreInTheBackgroundEndsTheStream) {
  const Variable fail("NOVELTY_FAKE_FAIL_AFTER", "1");
  DetectHarness detect("mode=latest");
  GstFlowReturn flow = GST_FLOW_OK;
  const gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
  for (int frame = 0; flow == GST_FLOW_OK && g_get_monotonic_time() < end; ++frame) {
    flow = detect.push_only(0.5, frame);
    g_thread_yield();
  }
  EXPECT_EQ(flow, GST_FLOW_ERROR);
  EXPECT_NE(wait_text(detect.bus(), GST_MESSAGE_ERROR).find("failed on demand"), std::string::npos);
}

}  // namespace
}  // namespace novelty::testing
