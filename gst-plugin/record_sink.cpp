// SPDX-License-Identifier: Apache-2.0
// The sink inside noveltyrecord: hands what arrives to a Recorder, and EOS on when all is on disk.
#include "record_sink.h"

#include <exception>
#include <utility>

struct _GstNoveltyRecordSink {
  GstBaseSink parent;
  novelty::Recorder* recorder;
  std::shared_ptr<novelty::RecordHost>* host;
};

G_DEFINE_TYPE(GstNoveltyRecordSink, gst_novelty_record_sink, GST_TYPE_BASE_SINK)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

// Runs a step of the recorder; what it throws becomes a warning, never an error of the pipeline.
template <typename Step>
void attempt(GstNoveltyRecordSink* self, const Step& step) {
  if (self->recorder == nullptr) return;
  try {
    step(*self->recorder);
  } catch (const std::exception& error) {
    (*self->host)->warn(error.what());
  }
}

// By the source's own clock, as rtspsrc tells it with add-reference-timestamp-meta.
std::optional<std::int64_t> ntp_of(GstBuffer* buffer) {
  static GstStaticCaps ntp_caps = GST_STATIC_CAPS("timestamp/x-ntp");
  constexpr guint64 kNtpToUnixSeconds = 2'208'988'800;  // 1900 to 1970
  GstCaps* caps = gst_static_caps_get(&ntp_caps);
  const GstReferenceTimestampMeta* meta = gst_buffer_get_reference_timestamp_meta(buffer, caps);
  gst_caps_unref(caps);
  if (meta == nullptr || !GST_CLOCK_TIME_IS_VALID(meta->timestamp)) return std::nullopt;
  return static_cast<std::int64_t>(meta->timestamp / GST_USECOND) -
         static_cast<std::int64_t>(kNtpToUnixSeconds * G_USEC_PER_SEC);
}

// Wall clock of a running time, by where the pipeline's clock is now.
std::optional<std::int64_t> utc_of(GstElement* element, std::int64_t running_ns) {
  GstClock* clock = gst_element_get_clock(element);
  if (clock == nullptr) return std::nullopt;
  const GstClockTime now = gst_clock_get_time(clock);
  gst_object_unref(clock);
  const std::int64_t age_ns = GST_CLOCK_DIFF(gst_element_get_base_time(element), now) - running_ns;
  return g_get_real_time() - age_ns / 1000;
}

std::optional<novelty::FrameTime> time_of(GstNoveltyRecordSink* self, GstBuffer* buffer) {
  const GstSegment* segment = &GST_BASE_SINK(self)->segment;
  const guint64 pts =
      GST_BUFFER_PTS_IS_VALID(buffer) ? GST_BUFFER_PTS(buffer) : GST_BUFFER_DTS(buffer);
  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(pts)) return std::nullopt;
  novelty::FrameTime time;
  guint64 running = 0;
  const int sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, pts, &running);
  if (sign == 0) return std::nullopt;
  time.running_ns = sign * static_cast<std::int64_t>(running);
  const guint64 stream = gst_segment_to_stream_time(segment, GST_FORMAT_TIME, pts);
  time.stream_ns =
      GST_CLOCK_TIME_IS_VALID(stream) ? static_cast<std::int64_t>(stream) : time.running_ns;
  time.ntp_us = ntp_of(buffer);
  if ((*self->host)->live) time.utc_us = utc_of(GST_ELEMENT(self), time.running_ns);
  return time;
}

GstFlowReturn render(GstBaseSink* sink, GstBuffer* buffer) {
  GstNoveltyRecordSink* self = GST_NOVELTY_RECORD_SINK(sink);
  const auto time = time_of(self, buffer);
  if (time) attempt(self, [&](novelty::Recorder& recorder) { recorder.take(buffer, *time); });
  return GST_FLOW_OK;
}

gboolean set_caps(GstBaseSink* sink, GstCaps* caps) {
  attempt(GST_NOVELTY_RECORD_SINK(sink),
          [&](novelty::Recorder& recorder) { recorder.set_caps(caps); });
  return TRUE;
}

void drain(novelty::Recorder& recorder, novelty::RecordHost& host) {
  if (!recorder.drain()) host.warn("the disk does not answer: a recording is not done");
}

void end(GstNoveltyRecordSink* self) {
  attempt(self, [&](novelty::Recorder& recorder) {
    recorder.end();
    drain(recorder, **self->host);
  });
}

void stop(GstNoveltyRecordSink* self) {
  attempt(self, [&](novelty::Recorder& recorder) {
    recorder.close();
    drain(recorder, **self->host);
  });
}

void advance(GstNoveltyRecordSink* self, GstEvent* gap) {
  GstClockTime begin = GST_CLOCK_TIME_NONE;
  gst_event_parse_gap(gap, &begin, nullptr);
  const guint64 running =
      gst_segment_to_running_time(&GST_BASE_SINK(self)->segment, GST_FORMAT_TIME, begin);
  if (!GST_CLOCK_TIME_IS_VALID(running)) return;
  attempt(self, [&](novelty::Recorder& recorder) {
    recorder.advance(static_cast<std::int64_t>(running));
  });
}

gboolean event(GstBaseSink* sink, GstEvent* event) {
  GstNoveltyRecordSink* self = GST_NOVELTY_RECORD_SINK(sink);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_EOS:
      end(self);
      break;
    case GST_EVENT_GAP:
      advance(self, event);
      break;
    case GST_EVENT_FLUSH_START:
      attempt(self, [](novelty::Recorder& recorder) { recorder.set_flushing(true); });
      break;
    case GST_EVENT_FLUSH_STOP:
      attempt(self, [](novelty::Recorder& recorder) {
        recorder.set_flushing(false);
        recorder.close();
      });
      break;
    default:
      break;
  }
  return GST_BASE_SINK_CLASS(gst_novelty_record_sink_parent_class)->event(sink, event);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  GstNoveltyRecordSink* self = GST_NOVELTY_RECORD_SINK(element);
  const bool stops = transition == GST_STATE_CHANGE_PAUSED_TO_READY;
  const auto flush = [&](bool on) {
    attempt(self, [&](novelty::Recorder& recorder) { recorder.set_flushing(on); });
  };
  if (stops) flush(true);
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(gst_novelty_record_sink_parent_class)->change_state(element, transition);
  if (stops) {
    flush(false);
    stop(self);
  }
  return result;
}

void finalize(GObject* object) {
  GstNoveltyRecordSink* self = GST_NOVELTY_RECORD_SINK(object);
  delete self->recorder;
  delete self->host;
  G_OBJECT_CLASS(gst_novelty_record_sink_parent_class)->finalize(object);
}

}  // namespace

static void gst_novelty_record_sink_class_init(GstNoveltyRecordSinkClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = finalize;
  GstElementClass* element = GST_ELEMENT_CLASS(klass);
  element->change_state = change_state;
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_set_static_metadata(element, "Novelty record sink", "Sink",
                                        "The end of noveltyrecord", "The gst-novelty authors");
  GstBaseSinkClass* base = GST_BASE_SINK_CLASS(klass);
  base->render = render;
  base->set_caps = set_caps;
  base->event = event;
}

static void gst_novelty_record_sink_init(GstNoveltyRecordSink*) {}

namespace novelty {

GstElement* make_record_sink(std::unique_ptr<Recorder> recorder, std::shared_ptr<RecordHost> host) {
  auto* self =
      GST_NOVELTY_RECORD_SINK(g_object_new(GST_TYPE_NOVELTY_RECORD_SINK, "name", "recorder", "sync",
                                           FALSE, "enable-last-sample", FALSE, nullptr));
  self->recorder = recorder.release();
  self->host = new std::shared_ptr<RecordHost>(std::move(host));
  return GST_ELEMENT(self);
}

}  // namespace novelty
