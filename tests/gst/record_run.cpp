// SPDX-License-Identifier: Apache-2.0
// Plays test pictures with hand-made metadata into noveltyrecord and collects what it says.
#include "record_run.h"

#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "noveltymeta.h"

namespace novelty::testing {
namespace {

std::string text_of(GstMessage* message, void (*parse)(GstMessage*, GError**, char**)) {
  GError* what = nullptr;
  parse(message, &what, nullptr);
  std::string text = what->message;
  g_error_free(what);
  return text;
}

}  // namespace

FrameMarks one_event(const std::string& event, int first, int last) {
  return [=](int frame) {
    return frame >= first && frame <= last ? FrameMark{event, 5, {}} : FrameMark{};
  };
}

RecordRun::RecordRun(RecordOptions options) : options_(std::move(options)) {
  const std::string text =
      "videotestsrc name=source num-buffers=" + std::to_string(options_.frames) +
      (options_.live ? " is-live=true " : " ") + options_.source +
      " ! video/x-raw,framerate=" + std::to_string(options_.rate) + "/1," + options_.size +
      " ! identity name=mark ! noveltyrecord name=record " + options_.record + " " + options_.sound;
  pipeline_ = gst_parse_launch(text.c_str(), nullptr);
  bus_ = gst_element_get_bus(pipeline_);
  GstElement* mark = gst_bin_get_by_name(GST_BIN(pipeline_), "mark");
  GstPad* pad = gst_element_get_static_pad(mark, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, add_meta, this, nullptr);
  gst_object_unref(pad);
  gst_object_unref(mark);
}

RecordRun::~RecordRun() {
  stop();
  gst_object_unref(bus_);
  gst_object_unref(pipeline_);
}

bool RecordRun::run() {
  play();
  return wait_for("eos");
}

bool RecordRun::wait_for(const std::string& kind, int seconds) {
  constexpr auto kAll =
      static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING |
                                  GST_MESSAGE_INFO | GST_MESSAGE_ELEMENT);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < until) {
    GstMessage* message = gst_bus_timed_pop_filtered(bus_, 100 * GST_MSECOND, kAll);
    if (message == nullptr) continue;
    const std::string got = note(message);
    gst_message_unref(message);
    if (got == kind) return true;
    if (got == "error") return false;
  }
  return false;
}

void RecordRun::listen(double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until) {
    GstMessage* message = gst_bus_timed_pop(bus_, 50 * GST_MSECOND);
    if (message == nullptr) continue;
    note(message);
    gst_message_unref(message);
  }
}

double RecordRun::measure_rate(double seconds) {
  const int before = frames();
  const auto begin = std::chrono::steady_clock::now();
  listen(seconds);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return (frames() - before) / took.count();
}

std::string RecordRun::note(GstMessage* message) {
  std::string kind;
  if (gst_message_has_name(message, "novelty-recorded")) {
    recorded.emplace_back(gst_structure_get_string(gst_message_get_structure(message), "location"));
    kind = "recorded";
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    kind = "eos";
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_INFO) {
    kind = "info";
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
    warnings.push_back(text_of(message, gst_message_parse_warning));
    kind = "warning";
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    error = text_of(message, gst_message_parse_error);
    kind = "error";
  }
  if (!kind.empty()) told.push_back(kind);
  return kind;
}

GstPadProbeReturn RecordRun::add_meta(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& self = *static_cast<RecordRun*>(data);
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  info->data = buffer;
  const int frame = self.frames_++;
  const FrameMark mark = self.options_.marks ? self.options_.marks(frame) : FrameMark{};
  NoveltyMeta meta;
  meta.score = mark.score;
  meta.threshold = 2;
  meta.p_value = 0.001;
  meta.novel = !mark.event.empty();
  meta.event_id = mark.event;
  meta.scene_change = mark.scene_change;
  meta.camera = "door";
  meta.model_id = "c0ffee0000000000";
  meta.scored_pts = GST_BUFFER_PTS(buffer);
  if (meta.novel) {
    meta.map_size = 2;
    meta.map = pack_map(std::array<float, 4>{0, 0, 3, 0});
  }
  add_novelty_meta(buffer, meta);
  return GST_PAD_PROBE_OK;
}

}  // namespace novelty::testing
