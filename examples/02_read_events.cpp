// SPDX-License-Identifier: Apache-2.0
// A GStreamer application that listens to noveltydetect in both of its ways: messages on the bus
// for events, and NoveltyMeta on every buffer. It links GStreamer, nothing of this project.
//
//   02_read_events MODEL VIDEO

#include <gst/gst.h>

#include <cstdio>

namespace {

// Called on the streaming thread for every scored buffer: keep it short.
GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstCustomMeta* meta = gst_buffer_get_custom_meta(buffer, "NoveltyMeta");
  if (meta == nullptr) return GST_PAD_PROBE_OK;
  const GstStructure* facts = gst_custom_meta_get_structure(meta);
  gdouble score = 0;
  gboolean novel = FALSE;
  gst_structure_get_double(facts, "score", &score);
  gst_structure_get_boolean(facts, "novel", &novel);
  std::printf("%" GST_TIME_FORMAT " score %.5g%s\n", GST_TIME_ARGS(GST_BUFFER_PTS(buffer)), score,
              novel != FALSE ? " novel" : "");
  return GST_PAD_PROBE_OK;
}

void print_event(const GstStructure* facts) {
  guint64 time = 0;
  gdouble peak = 0;
  gst_structure_get_uint64(facts, "stream-time", &time);
  gst_structure_get_double(facts, "peak-score", &peak);
  std::printf("%s %s at %" GST_TIME_FORMAT " peak %.5g\n", gst_structure_get_name(facts),
              gst_structure_get_string(facts, "event-id"), GST_TIME_ARGS(time), peak);
}

// Returns the exit status when the pipeline is over.
int wait_for_end(GstBus* bus) {
  for (;;) {
    GstMessage* message = gst_bus_timed_pop(bus, GST_CLOCK_TIME_NONE);
    int status = -1;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
      status = 0;
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      std::fprintf(stderr, "%s\n", error->message);
      g_error_free(error);
      status = 1;
    } else if (gst_message_has_name(message, "novelty-begin") != FALSE ||
               gst_message_has_name(message, "novelty-end") != FALSE) {
      print_event(gst_message_get_structure(message));
    }
    gst_message_unref(message);
    if (status >= 0) return status;
  }
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc != 3) {
    std::fprintf(stderr, "usage: 02_read_events MODEL VIDEO\n");
    return 2;
  }
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(
      "filesrc name=file ! decodebin ! videoconvert ! noveltydetect name=detect mode=every-frame ! "
      "fakesink",
      &error);
  if (error != nullptr) {
    std::fprintf(stderr, "%s ('novelty doctor' finds out why)\n", error->message);
    g_error_free(error);
    if (pipeline != nullptr) gst_object_unref(pipeline);
    return 1;
  }
  GstElement* file = gst_bin_get_by_name(GST_BIN(pipeline), "file");
  GstElement* detect = gst_bin_get_by_name(GST_BIN(pipeline), "detect");
  g_object_set(file, "location", argv[2], nullptr);
  g_object_set(detect, "model", argv[1], nullptr);
  GstPad* pad = gst_element_get_static_pad(detect, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, nullptr, nullptr);

  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  const int status = wait_for_end(bus);

  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pad);
  gst_object_unref(detect);
  gst_object_unref(file);
  gst_object_unref(pipeline);
  return status;
}
