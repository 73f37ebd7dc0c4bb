// SPDX-License-Identifier: Apache-2.0
// noveltyrecord: a sink that writes flagged footage to disk.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_NOVELTY_RECORD (gst_novelty_record_get_type())
G_DECLARE_FINAL_TYPE(GstNoveltyRecord, gst_novelty_record, GST, NOVELTY_RECORD, GstBin)
GST_ELEMENT_REGISTER_DECLARE(novelty_record)
G_END_DECLS
