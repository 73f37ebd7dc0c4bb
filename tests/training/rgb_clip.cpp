// SPDX-License-Identifier: Apache-2.0
// Reads a clip by GStreamer.
#include "rgb_clip.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace novelty::testing {

RgbClip::RgbClip(const std::string& path) {
  gst_init(nullptr, nullptr);
  const std::string text = "filesrc location=" + path +
                           " ! decodebin ! videoconvert ! video/x-raw,format=RGB ! appsink "
                           "name=sink sync=false max-buffers=4";
  pipeline_ = gst_parse_launch(text.c_str(), nullptr);
  sink_ = gst_bin_get_by_name(GST_BIN(pipeline_), "sink");
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

RgbClip::~RgbClip() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(sink_);
  gst_object_unref(pipeline_);
}

bool RgbClip::next(RgbFrame& frame) {
  GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink_), 20 * GST_SECOND);
  if (sample == nullptr) return false;
  GstVideoInfo info;
  GstVideoFrame mapped;
  EXPECT_TRUE(gst_video_info_from_caps(&info, gst_sample_get_caps(sample)));
  EXPECT_TRUE(gst_video_frame_map(&mapped, &info, gst_sample_get_buffer(sample), GST_MAP_READ));
  frame.width = GST_VIDEO_INFO_WIDTH(&info);
  frame.height = GST_VIDEO_INFO_HEIGHT(&info);
  frame.stream_ns = static_cast<std::int64_t>(GST_BUFFER_PTS(gst_sample_get_buffer(sample)));
  const auto* data = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&mapped, 0));
  const auto row = static_cast<std::size_t>(frame.width) * 3;
  frame.rgb.resize(row * static_cast<std::size_t>(frame.height));
  for (int y = 0; y < frame.height; ++y)
    std::copy_n(data + y * GST_VIDEO_FRAME_PLANE_STRIDE(&mapped, 0), row,
                frame.rgb.begin() + static_cast<std::ptrdiff_t>(row) * y);
  gst_video_frame_unmap(&mapped);
  gst_sample_unref(sample);
  return true;
}

}  // namespace novelty::testing
