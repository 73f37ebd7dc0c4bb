// SPDX-License-Identifier: Apache-2.0
// The sink inside noveltyrecord: hands what arrives to a Recorder, and EOS on when all is on disk.
#pragma once

#include <gst/base/gstbasesink.h>

#include <memory>

#include "record_host.h"

G_BEGIN_DECLS
#define GST_TYPE_NOVELTY_RECORD_SINK (gst_novelty_record_sink_get_type())
G_DECLARE_FINAL_TYPE(GstNoveltyRecordSink, gst_novelty_record_sink, GST, NOVELTY_RECORD_SINK,
                     GstBaseSink)
G_END_DECLS

namespace novelty {

/// A sink (floating) that does not wait for the clock. It owns `recorder`.
GstElement* make_record_sink(std::unique_ptr<Recorder> recorder, std::shared_ptr<RecordHost> host);

}  // namespace novelty
