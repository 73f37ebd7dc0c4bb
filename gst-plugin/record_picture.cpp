// SPDX-License-Identifier: Apache-2.0
// Makes picture files of raw frames.
#include "record_picture.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include "novelty/error.h"
#include "overlay_painter.h"
#include "record_part.h"

namespace novelty {
namespace {

constexpr GstClockTime kTimeout = 10 * GST_SECOND;

SharedSample own_sample(GstSample* sample) {
  return {sample, [](GstSample* s) { gst_sample_unref(s); }};
}

[[noreturn]] void fail(const std::string& what, GError* error) {
  const std::string text = what + ": " + (error == nullptr ? "no picture" : error->message);
  g_clear_error(&error);
  throw Error(ErrorKind::kWrite, "picture", text,
              "install gstreamer1.0-plugins-good (jpegenc, pngenc)");
}

// gst_video_convert_sample() would encode too, but at the encoder's default quality.
SharedSample encode(const SharedSample& frame, const std::string& encoder) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch_full(
      ("appsrc name=in format=time ! videoconvert ! " + encoder + " ! appsink name=out sync=false")
          .c_str(),
      nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (pipeline == nullptr) fail("there is no encoder", error);
  GstElement* in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  gst_app_src_push_sample(GST_APP_SRC(in), frame.get());
  gst_app_src_end_of_stream(GST_APP_SRC(in));
  GstSample* picture = gst_app_sink_try_pull_sample(GST_APP_SINK(out), kTimeout);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(in);
  gst_object_unref(out);
  gst_object_unref(pipeline);
  if (picture == nullptr) fail("a frame cannot be encoded", nullptr);
  return own_sample(picture);
}

}  // namespace

SharedSample copy_frame(GstBuffer* buffer, GstCaps* caps) {
  GstBuffer* copy = gst_buffer_copy_deep(buffer);
  SharedSample sample = own_sample(gst_sample_new(copy, caps, nullptr, nullptr));
  gst_buffer_unref(copy);
  return sample;
}

SharedSample convert_frame(const SharedSample& frame, const char* caps) {
  GstCaps* wanted = gst_caps_from_string(caps);
  GError* error = nullptr;
  GstSample* converted = gst_video_convert_sample(frame.get(), wanted, kTimeout, &error);
  gst_caps_unref(wanted);
  if (converted == nullptr) fail("a frame cannot be converted", error);
  return own_sample(converted);
}

void write_picture(const SharedSample& frame, const std::string& extension,
                   const std::string& path) {
  const SharedSample picture = encode(frame, extension == ".png" ? "pngenc" : "jpegenc quality=95");
  GstMapInfo map;
  GstBuffer* bytes = gst_sample_get_buffer(picture.get());
  if (gst_buffer_map(bytes, &map, GST_MAP_READ) == FALSE) fail("a picture is lost", nullptr);
  const std::string text(reinterpret_cast<const char*>(map.data), map.size);
  gst_buffer_unmap(bytes, &map);
  write_through(path, text);
}

SharedSample draw_map(const SharedSample& frame, const NoveltyMeta& meta) {
  if (meta.map == nullptr) return nullptr;
  const SharedSample plain = convert_frame(frame, "video/x-raw,format=I420");
  GstCaps* caps = gst_sample_get_caps(plain.get());
  SharedSample drawn = copy_frame(gst_sample_get_buffer(plain.get()), caps);
  GstVideoInfo info;
  GstVideoFrame pixels;
  const bool mapped = gst_video_info_from_caps(&info, caps) != FALSE &&
                      gst_video_frame_map(&pixels, &info, gst_sample_get_buffer(drawn.get()),
                                          GST_MAP_READWRITE) != FALSE;
  if (!mapped) fail("a frame cannot be drawn into", nullptr);
  OverlayPainter painter;
  painter.configure(info);
  painter.draw(pixels, meta, {.show_state = false, .show_history = false});
  gst_video_frame_unmap(&pixels);
  return drawn;
}

}  // namespace novelty
