// SPDX-License-Identifier: Apache-2.0
// noveltyoverlay: draws NoveltyMeta onto raw video, in place.
#pragma once

#include <gst/video/gstvideofilter.h>

G_BEGIN_DECLS
#define GST_TYPE_NOVELTY_OVERLAY (gst_novelty_overlay_get_type())
G_DECLARE_FINAL_TYPE(GstNoveltyOverlay, gst_novelty_overlay, GST, NOVELTY_OVERLAY, GstVideoFilter)
GST_ELEMENT_REGISTER_DECLARE(novelty_overlay)
G_END_DECLS
