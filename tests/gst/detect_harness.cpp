// SPDX-License-Identifier: Apache-2.0
// Feeds noveltydetect frames of a chosen brightness and collects what it says.
#include "detect_harness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "test_model.h"

namespace novelty::testing {
namespace {

constexpr GstClockTime kPatience = 10 * GST_SECOND;

class GstEnvironment : public ::testing::Environment {
 public:
  void SetUp() override { gst_init(nullptr, nullptr); }
};

// gtest owns it.
[[maybe_unused]] const auto* const kEnvironment =
    ::testing::AddGlobalTestEnvironment(new GstEnvironment);

GstVideoInfo info_of(const char* text) {
  GstVideoInfo info;
  GstCaps* caps = gst_caps_from_string(text);
  EXPECT_TRUE(gst_video_info_from_caps(&info, caps)) << text;
  gst_caps_unref(caps);
  return info;
}

// Lays the planes out again with `padding` more bytes a row.
void pad_rows(GstVideoInfo& info, int padding) {
  gsize offset = 0;
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&info); ++p) {
    const gint component[GST_VIDEO_MAX_COMPONENTS] = {0, 1, 2, 3};
    GST_VIDEO_INFO_PLANE_STRIDE(&info, p) += padding;
    GST_VIDEO_INFO_PLANE_OFFSET(&info, p) = offset;
    const auto rows =
        GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT(info.finfo, component[p], GST_VIDEO_INFO_HEIGHT(&info));
    offset += static_cast<gsize>(GST_VIDEO_INFO_PLANE_STRIDE(&info, p)) * static_cast<gsize>(rows);
  }
  info.size = offset;
}

guint8 sample(double brightness, bool limited) {
  const double value = limited ? 16 + 219 * brightness : 255 * brightness;
  return static_cast<guint8>(std::lround(value));
}

void fill_grey(GstVideoFrame& frame, double brightness) {
  const bool yuv = GST_VIDEO_INFO_IS_YUV(&frame.info);
  const guint8 luma = sample(brightness, yuv);
  for (guint p = 0; p < GST_VIDEO_FRAME_N_PLANES(&frame); ++p) {
    auto* data = static_cast<guint8*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, p));
    const auto component = static_cast<gint>(p);
    const auto size = static_cast<std::size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, p)) *
                      static_cast<std::size_t>(GST_VIDEO_FRAME_COMP_HEIGHT(&frame, component));
    std::memset(data, p == 0 ? luma : 128, size);
    if (GST_VIDEO_FRAME_FORMAT(&frame) == GST_VIDEO_FORMAT_YUY2)
      for (std::size_t i = 1; i < size; i += 2) data[i] = 128;
  }
}

}  // namespace

GstBuffer* grey_buffer(const char* caps, double brightness, GstClockTime pts, int padding) {
  GstVideoInfo info = info_of(caps);
  if (padding > 0) pad_rows(info, padding);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, info.size, nullptr);
  if (padding > 0)
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                   static_cast<guint>(GST_VIDEO_INFO_WIDTH(&info)),
                                   static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&info)),
                                   GST_VIDEO_INFO_N_PLANES(&info), info.offset, info.stride);
  GstVideoFrame frame;
  EXPECT_TRUE(gst_video_frame_map(&frame, &info, buffer, GST_MAP_WRITE));
  fill_grey(frame, brightness);
  gst_video_frame_unmap(&frame);
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = kFrame;
  return buffer;
}

std::vector<NoveltyEvent> novelty_messages(GstBus* bus) {
  std::vector<NoveltyEvent> found;
  while (GstMessage* message = gst_bus_pop(bus)) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT)
      if (const auto event = novelty_event_of(gst_message_get_structure(message)))
        found.push_back(*event);
    gst_message_unref(message);
  }
  return found;
}

GstMessage* wait_message(GstBus* bus, GstMessageType types) {
  return gst_bus_timed_pop_filtered(bus, kPatience, types);
}

bool wait_element_message(GstBus* bus, const char* name) {
  while (GstMessage* message = wait_message(bus, GST_MESSAGE_ELEMENT)) {
    const bool found = gst_message_has_name(message, name) != FALSE;
    gst_message_unref(message);
    if (found) return true;
  }
  return false;
}

std::string wait_text(GstBus* bus, GstMessageType type) {
  GstMessage* message = wait_message(bus, type);
  if (message == nullptr) return {};
  GError* error = nullptr;
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error(message, &error, nullptr);
  else
    gst_message_parse_warning(message, &error, nullptr);
  std::string text = error->message;
  g_error_free(error);
  gst_message_unref(message);
  return text;
}

DetectHarness::DetectHarness(const std::string& properties, const char* caps)
    : model_(dir_ / "test.novelty"), caps_(caps), bus_(gst_bus_new()) {
  write_test_model(model_);
  GstElement* element = gst_parse_launch(
      ("noveltydetect name=detect model=" + model_ + " " + properties).c_str(), nullptr);
  gst_element_set_bus(element, bus_);
  harness_ = gst_harness_new_with_element(element, "sink", "src");
  gst_object_unref(element);
  gst_harness_set_src_caps_str(harness_, caps);
}

DetectHarness::~DetectHarness() {
  gst_harness_teardown(harness_);
  gst_bus_set_flushing(bus_, TRUE);
  gst_object_unref(bus_);
}

void DetectHarness::set_caps(const char* caps) {
  caps_ = caps;
  gst_harness_set_src_caps_str(harness_, caps);
}

std::optional<NoveltyMeta> DetectHarness::push(double brightness, int frame) {
  return push(grey_buffer(caps_.c_str(), brightness, static_cast<GstClockTime>(frame) * kFrame));
}

std::optional<NoveltyMeta> DetectHarness::push(GstBuffer* buffer) {
  EXPECT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
  GstBuffer* out = gst_harness_try_pull(harness_);
  if (out == nullptr) {
    ADD_FAILURE() << "no buffer came out";
    return std::nullopt;
  }
  auto meta = read_novelty_meta(out);
  gst_buffer_unref(out);
  return meta;
}

GstFlowReturn DetectHarness::push_only(double brightness, int frame) {
  return gst_harness_push(
      harness_, grey_buffer(caps_.c_str(), brightness, static_cast<GstClockTime>(frame) * kFrame));
}

void DetectHarness::push_run(double brightness, int first, int last) {
  for (int frame = first; frame < last; ++frame) push(brightness, frame);
}

std::vector<NoveltyEvent> DetectHarness::events() {
  std::vector<NoveltyEvent> found;
  while (GstEvent* event = gst_harness_try_pull_event(harness_)) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM)
      if (const auto novelty = novelty_event_of(gst_event_get_structure(event)))
        found.push_back(*novelty);
    gst_event_unref(event);
  }
  return found;
}

}  // namespace novelty::testing
