// SPDX-License-Identifier: Apache-2.0
// Views a mapped GstVideoFrame as the core's FrameView.
#include "frame_view.h"

#include <algorithm>
#include <array>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::array<std::pair<GstVideoFormat, PixelFormat>, 10> kFormats{{
    {GST_VIDEO_FORMAT_NV12, PixelFormat::kNv12},
    {GST_VIDEO_FORMAT_I420, PixelFormat::kI420},
    {GST_VIDEO_FORMAT_YUY2, PixelFormat::kYuy2},
    {GST_VIDEO_FORMAT_RGB, PixelFormat::kRgb},
    {GST_VIDEO_FORMAT_BGR, PixelFormat::kBgr},
    {GST_VIDEO_FORMAT_RGBA, PixelFormat::kRgba},
    {GST_VIDEO_FORMAT_RGBx, PixelFormat::kRgbx},
    {GST_VIDEO_FORMAT_BGRA, PixelFormat::kBgra},
    {GST_VIDEO_FORMAT_BGRx, PixelFormat::kBgrx},
    {GST_VIDEO_FORMAT_GRAY8, PixelFormat::kGray8},
}};

const auto* find_format(GstVideoFormat format) {
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(),
                                   [format](const auto& entry) { return entry.first == format; });
  return found == kFormats.end() ? nullptr : found;
}

ColorMatrix matrix_of(GstVideoColorMatrix matrix) {
  switch (matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return ColorMatrix::kBt709;
    default:
      return ColorMatrix::kBt601;
  }
}

}  // namespace

bool has_frame_view(GstVideoFormat format) {
  return find_format(format) != nullptr;
}

FrameView frame_view_of(const GstVideoFrame& frame) {
  const auto* format = find_format(GST_VIDEO_FRAME_FORMAT(&frame));
  if (format == nullptr)
    throw Error(ErrorKind::kUnsupported, "video",
                std::string("no scoring of the pixel format ") +
                    gst_video_format_to_string(GST_VIDEO_FRAME_FORMAT(&frame)),
                "put videoconvert before it");
  FrameView view;
  view.format = format->second;
  view.width = GST_VIDEO_FRAME_WIDTH(&frame);
  view.height = GST_VIDEO_FRAME_HEIGHT(&frame);
  view.matrix = matrix_of(frame.info.colorimetry.matrix);
  view.range = frame.info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? ColorRange::kFull
                                                                           : ColorRange::kLimited;
  const bool cosited = (frame.info.chroma_site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0;
  view.chroma_site = cosited ? ChromaSite::kLeft : ChromaSite::kCenter;
  const auto planes = std::min<std::size_t>(GST_VIDEO_FRAME_N_PLANES(&frame), view.planes.size());
  for (std::size_t p = 0; p < planes; ++p)
    view.planes.at(p) = {static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, p)),
                         GST_VIDEO_FRAME_PLANE_STRIDE(&frame, p)};
  return view;
}

}  // namespace novelty
