// SPDX-License-Identifier: Apache-2.0
// Views a mapped GstVideoFrame as the core's FrameView: the one mapping of the elements and the
// trainer's reader.
#pragma once

#include <gst/video/video.h>

#include "novelty/frame.h"

/// The raw formats that need no conversion before scoring, as a caps list.
#define NOVELTY_VIDEO_FORMATS "{ NV12, I420, YUY2, RGB, BGR, RGBA, RGBx, BGRA, BGRx, GRAY8 }"

namespace novelty {

/// Whether `frame_view_of` takes a format.
bool has_frame_view(GstVideoFormat format);

/// The view of `frame`, which must stay mapped for reading while the view is used; strides come
/// from its GstVideoMeta where there is one. Colorimetry is what GstVideoInfo holds, its defaults
/// where the caps have none; matrices the core does not know are taken as the nearest of bt601 and
/// bt709. Throws: Error(kUnsupported) for a format outside NOVELTY_VIDEO_FORMATS.
FrameView frame_view_of(const GstVideoFrame& frame);

}  // namespace novelty
