// SPDX-License-Identifier: Apache-2.0
// noveltydetect: scores frames in place and puts the result on them as metadata.
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_NOVELTY_DETECT (gst_novelty_detect_get_type())
G_DECLARE_FINAL_TYPE(GstNoveltyDetect, gst_novelty_detect, GST, NOVELTY_DETECT, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(novelty_detect)

G_END_DECLS
