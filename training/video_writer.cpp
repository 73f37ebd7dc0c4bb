// SPDX-License-Identifier: Apache-2.0
// Encodes pictures to a video file with GStreamer.
#include "video_writer.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "interrupt.h"
#include "novelty/error.h"

namespace novelty {
namespace {

struct Unref {
  void operator()(void* object) const { gst_object_unref(object); }
};
template <typename T>
using GstPtr = std::unique_ptr<T, Unref>;

struct Encoder {
  const char* element;
  const char* launch;
  bool fits_mp4;
};

// One thread and a constant quantizer: the video depends on the pictures alone.
constexpr std::array<Encoder, 3> kEncoders = {
    {{"x264enc",
      "x264enc pass=quant quantizer=21 speed-preset=veryfast bframes=0 key-int-max=30 threads=1 ! "
      "h264parse",
      true},
     {"openh264enc",
      "openh264enc rate-control=off qp-min=21 qp-max=21 gop-size=30 multi-thread=1 "
      "scene-change-detection=false ! h264parse",
      true},
     {"vp8enc",
      "vp8enc end-usage=cq cq-level=16 min-quantizer=8 max-quantizer=24 target-bitrate=8000000 "
      "keyframe-max-dist=30 deadline=1 cpu-used=4 threads=1",
      false}}};

const Encoder& encoder_for(const std::string& path, bool is_mp4) {
  for (const Encoder& encoder : kEncoders) {
    const GstPtr<GstElementFactory> factory(gst_element_factory_find(encoder.element));
    if (factory != nullptr && (encoder.fits_mp4 || !is_mp4)) return encoder;
  }
  throw Error(ErrorKind::kUnsupported, path, "GStreamer has no encoder for it",
              "install gstreamer1.0-plugins-ugly (x264enc)");
}

std::string launch_line(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending != ".mp4" && ending != ".mkv") {
    throw Error(ErrorKind::kSettings, path, "is not a kind of video this can write",
                "end its name in .mp4 or .mkv");
  }
  const bool is_mp4 = ending == ".mp4";
  return std::string(
             "appsrc name=in format=time block=true max-buffers=8 ! videoconvert ! "
             "video/x-raw,format=I420 ! ") +
         encoder_for(path, is_mp4).launch + " ! " + (is_mp4 ? "mp4mux" : "matroskamux") +
         " ! filesink name=out";
}

GstPtr<GstElement> make_pipeline(const std::string& path) {
  GError* error = nullptr;
  const std::string line = launch_line(path);
  GstPtr<GstElement> pipeline(
      gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error));
  if (error == nullptr) return pipeline;
  const std::string reason = error->message;
  g_error_free(error);
  throw Error(ErrorKind::kUnsupported, path, reason, "install gstreamer1.0-plugins-good and -bad");
}

// Rows of raw video are padded to four bytes.
GstBuffer* buffer_of(const Picture& picture) {
  const std::size_t row = 3 * static_cast<std::size_t>(picture.width);
  const std::size_t stride = GST_ROUND_UP_4(row);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, stride * picture.height, nullptr);
  GstMapInfo map;
  if (buffer == nullptr || gst_buffer_map(buffer, &map, GST_MAP_WRITE) == FALSE) {
    gst_clear_buffer(&buffer);
    throw Error(ErrorKind::kResource, "video", "no memory for a frame");
  }
  for (int y = 0; y < picture.height; ++y) {
    std::memcpy(map.data + y * stride, picture.bgr.data() + y * row, row);
  }
  gst_buffer_unmap(buffer, &map);
  return buffer;
}

}  // namespace

struct VideoWriter::Impl {
  Impl(const std::string& file, int width, int height, int frames_a_second);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[noreturn]] void fail(GstMessage* message) const;
  void check_bus(GstMessageType types, GstClockTime wait, bool& ended) const;

  std::string path, part;
  int fps;
  std::uint64_t frames = 0;
  GstPtr<GstElement> pipeline, source;
  GstPtr<GstBus> bus;
};

VideoWriter::Impl::Impl(const std::string& file, int width, int height, int frames_a_second)
    : path(file), part(file + ".part"), fps(frames_a_second) {
  check_writable(path);
  gst_init(nullptr, nullptr);
  pipeline = make_pipeline(path);
  source.reset(gst_bin_get_by_name(GST_BIN(pipeline.get()), "in"));
  const GstPtr<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  g_object_set(sink.get(), "location", part.c_str(), nullptr);
  GstCaps* caps = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "BGR", "width",
                                      G_TYPE_INT, width, "height", G_TYPE_INT, height, "framerate",
                                      GST_TYPE_FRACTION, fps, 1, nullptr);
  gst_app_src_set_caps(GST_APP_SRC(source.get()), caps);
  gst_caps_unref(caps);
  bus.reset(gst_element_get_bus(pipeline.get()));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
}

VideoWriter::Impl::~Impl() {
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  std::error_code ignored;
  std::filesystem::remove(part, ignored);
}

void VideoWriter::Impl::fail(GstMessage* message) const {
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  const std::string reason = error->message;
  g_error_free(error);
  throw Error(ErrorKind::kWrite, path, reason, "check the folder and the space on the disk");
}

void VideoWriter::Impl::check_bus(GstMessageType types, GstClockTime wait, bool& ended) const {
  GstMessage* message = gst_bus_timed_pop_filtered(bus.get(), wait, types);
  if (message == nullptr) return;
  const std::unique_ptr<GstMessage, decltype(&gst_message_unref)> owner(message, gst_message_unref);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) fail(message);
  ended = true;
}

VideoWriter::VideoWriter(const std::string& path, int width, int height, int fps)
    : impl_(std::make_unique<Impl>(path, width, height, fps)) {}

VideoWriter::~VideoWriter() = default;

void VideoWriter::write(const Picture& picture) {
  bool ended = false;
  impl_->check_bus(GST_MESSAGE_ERROR, 0, ended);
  GstBuffer* buffer = buffer_of(picture);
  const auto rate = static_cast<guint64>(impl_->fps);
  GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(impl_->frames, GST_SECOND, rate);
  GST_BUFFER_DURATION(buffer) =
      gst_util_uint64_scale(++impl_->frames, GST_SECOND, rate) - GST_BUFFER_PTS(buffer);
  // What goes wrong downstream is on the bus by then.
  if (gst_app_src_push_buffer(GST_APP_SRC(impl_->source.get()), buffer) != GST_FLOW_OK) {
    impl_->check_bus(GST_MESSAGE_ERROR, GST_SECOND, ended);
    throw Error(ErrorKind::kWrite, impl_->path, "the encoder takes no more frames");
  }
}

void VideoWriter::finish() {
  gst_app_src_end_of_stream(GST_APP_SRC(impl_->source.get()));
  constexpr auto kTypes = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  for (bool ended = false; !ended;) {
    throw_if_interrupted();
    impl_->check_bus(kTypes, 50 * GST_MSECOND, ended);
  }
  gst_element_set_state(impl_->pipeline.get(), GST_STATE_NULL);
  std::error_code failure;
  std::filesystem::rename(impl_->part, impl_->path, failure);
  if (failure) {
    throw Error(ErrorKind::kWrite, impl_->path, failure.message(), "check the folder");
  }
}

}  // namespace novelty
