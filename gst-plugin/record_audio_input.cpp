// SPDX-License-Identifier: Apache-2.0
// From an audio pad of the recorder to its track: queue, parser or encoder, and a sink.
#include "record_audio_input.h"

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <utility>

namespace novelty {
namespace {

constexpr guint kQueueBytes = 4U << 20;

struct AudioFormat {
  const char* caps;
  const char* chain;
};

constexpr AudioFormat kAac{
    "audio/mpeg, mpegversion=(int)4",
    "aacparse ! capsfilter caps=audio/mpeg,mpegversion=4,stream-format=raw,framed=true"};
constexpr AudioFormat kMp3{"audio/mpeg, mpegversion=(int)1", "mpegaudioparse"};
constexpr AudioFormat kOpus{"audio/x-opus", "identity silent=true"};
constexpr AudioFormat kRaw{"audio/x-raw", "audioconvert ! audioresample ! opusenc"};
constexpr const char* kOther = "decodebin name=decode ! audioconvert ! audioresample ! opusenc";

const char* chain_for(GstCaps* caps) {
  for (const AudioFormat& format : {kAac, kMp3, kOpus, kRaw}) {
    GstCaps* wanted = gst_caps_from_string(format.caps);
    const bool fits = gst_caps_can_intersect(caps, wanted) != FALSE;
    gst_caps_unref(wanted);
    if (fits) return format.chain;
  }
  return kOther;
}

void add_ghost(GstElement* bin, const char* name, GstPad* pad) {
  gst_element_add_pad(bin, gst_ghost_pad_new(name, pad));
  gst_object_unref(pad);
}

// A bin (floating) with ghost pads `sink` and `src`; null with `error` set when it cannot be made.
GstElement* make_bin_or_null(const char* chain, GError** error) {
  GstElement* bin = gst_parse_bin_from_description_full(chain, FALSE, nullptr,
                                                        GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (bin == nullptr) return nullptr;
  // What a decodebin is linked to once it knows its pads has an unlinked one as well.
  GstElement* decode = gst_bin_get_by_name(GST_BIN(bin), "decode");
  add_ghost(bin, "sink",
            decode == nullptr ? gst_bin_find_unlinked_pad(GST_BIN(bin), GST_PAD_SINK)
                              : gst_element_get_static_pad(decode, "sink"));
  add_ghost(bin, "src", gst_bin_find_unlinked_pad(GST_BIN(bin), GST_PAD_SRC));
  if (decode != nullptr) gst_object_unref(decode);
  return bin;
}

GstElement* make_queue(const std::string& name) {
  GstElement* queue = gst_element_factory_make("queue", (name + "_queue").c_str());
  g_object_set(queue, "max-size-buffers", 0U, "max-size-bytes", kQueueBytes, "max-size-time",
               guint64{0}, nullptr);
  return queue;
}

// Whether a muxer takes such sound; not so what no parser or encoder was found for.
bool is_ready(GstCaps* caps) {
  static GstStaticCaps ready = GST_STATIC_CAPS(
      "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw; audio/mpeg, mpegversion=(int)1, "
      "parsed=(boolean)true; audio/x-opus");
  GstCaps* wanted = gst_static_caps_get(&ready);
  const bool fits = gst_caps_can_intersect(caps, wanted) != FALSE;
  gst_caps_unref(wanted);
  return fits;
}

void take(GstSample* sample, AudioTrack& track) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  GstCaps* caps = gst_sample_get_caps(sample);
  const GstSegment* segment = gst_sample_get_segment(sample);
  if (buffer == nullptr || caps == nullptr || !is_ready(caps)) return;
  if (segment->format != GST_FORMAT_TIME || !GST_BUFFER_PTS_IS_VALID(buffer)) return;
  guint64 running = 0;
  const int sign =
      gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer), &running);
  if (sign == 0) return;
  track.push({share_buffer(buffer), share_caps(caps), sign * static_cast<std::int64_t>(running)});
}

GstFlowReturn on_sample(GstAppSink* sink, gpointer track) {
  GstSample* sample = gst_app_sink_pull_sample(sink);
  if (sample == nullptr) return GST_FLOW_EOS;
  take(sample, **static_cast<std::shared_ptr<AudioTrack>*>(track));
  gst_sample_unref(sample);
  return GST_FLOW_OK;
}

void on_end(GstAppSink*, gpointer track) {
  (*static_cast<std::shared_ptr<AudioTrack>*>(track))->end();
}

GstElement* make_sink(const std::string& name, const std::shared_ptr<AudioTrack>& track) {
  GstElement* sink = gst_element_factory_make("appsink", (name + "_sink").c_str());
  g_object_set(sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, nullptr);
  GstAppSinkCallbacks callbacks{};
  callbacks.eos = on_end;
  callbacks.new_sample = on_sample;
  gst_app_sink_set_callbacks(
      GST_APP_SINK(sink), &callbacks, new std::shared_ptr<AudioTrack>(track),
      [](gpointer data) { delete static_cast<std::shared_ptr<AudioTrack>*>(data); });
  return sink;
}

void put_in(GstBin* bin, GstElement* element) {
  gst_bin_add(bin, GST_ELEMENT(gst_object_ref_sink(element)));
}

// A bin that is being disposed of has none of its elements any more.
void take_out(GstBin* bin, GstElement* element) {
  if (element == nullptr) return;
  gst_element_set_locked_state(element, TRUE);
  gst_element_set_state(element, GST_STATE_NULL);
  if (gst_object_has_as_parent(GST_OBJECT(element), GST_OBJECT(bin)) != FALSE)
    gst_bin_remove(bin, element);
  gst_object_unref(element);
}

}  // namespace

AudioInput::AudioInput(GstBin* bin, const std::string& name, GstPadTemplate* templ,
                       std::shared_ptr<RecordHost> host)
    : bin_(bin),
      host_(std::move(host)),
      track_(std::make_shared<AudioTrack>()),
      queue_(make_queue(name)),
      sink_(make_sink(name, track_)) {
  put_in(bin_, queue_);
  put_in(bin_, sink_);
  GstPad* target = gst_element_get_static_pad(queue_, "sink");
  gst_pad_add_probe(target, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, look, this, nullptr);
  pad_ = gst_ghost_pad_new_from_template(name.c_str(), target, templ);
  gst_object_unref(target);
}

AudioInput::~AudioInput() {
  for (GstElement* element : {queue_, middle_, sink_}) take_out(bin_, element);
}

void AudioInput::sync_state() {
  gst_element_sync_state_with_parent(sink_);
  gst_element_sync_state_with_parent(queue_);
}

void AudioInput::reset() {
  take_out(bin_, std::exchange(middle_, nullptr));
  track_->clear();
}

GstPadProbeReturn AudioInput::look(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto* self = static_cast<AudioInput*>(data);
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  GstCaps* caps = nullptr;
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) gst_event_parse_caps(event, &caps);
  const bool begins = caps != nullptr || GST_EVENT_TYPE(event) == GST_EVENT_EOS;
  if (begins && self->middle_ == nullptr) self->link(caps);
  return GST_PAD_PROBE_OK;
}

// caps: null when there is none before the end. What cannot be recorded goes on to the sink, which
// leaves it out.
void AudioInput::link(GstCaps* caps) {
  GError* error = nullptr;
  middle_ = make_bin_or_null(caps == nullptr ? "identity" : chain_for(caps), &error);
  if (middle_ == nullptr) {
    host_->warn_once(RecordHost::Missing::kSound,
                     std::string("No sound is recorded: ") + error->message +
                         " (install gstreamer1.0-plugins-base, -good and -bad)");
    g_error_free(error);
    middle_ = make_bin_or_null("identity", nullptr);
  }
  put_in(bin_, middle_);
  gst_element_link_many(queue_, middle_, sink_, nullptr);
  gst_element_sync_state_with_parent(middle_);
}

AudioInputs::AudioInputs(GstBin* bin, std::shared_ptr<RecordHost> host)
    : bin_(bin), host_(std::move(host)), tracks_(std::make_shared<AudioTracks>()) {}

// A name that no pad has; empty when the wanted one is taken.
std::string AudioInputs::name_for(const char* wanted) {
  const auto is_taken = [&](const std::string& name) {
    GstPad* pad = gst_element_get_static_pad(GST_ELEMENT(bin_), name.c_str());
    if (pad != nullptr) gst_object_unref(pad);
    return pad != nullptr;
  };
  if (wanted != nullptr) return is_taken(wanted) ? std::string() : wanted;
  int i = 0;
  while (is_taken("audio_" + std::to_string(i))) ++i;
  return "audio_" + std::to_string(i);
}

GstPad* AudioInputs::request(GstPadTemplate* templ, const char* wanted) {
  const std::string name = name_for(wanted);
  if (name.empty()) {
    GST_WARNING_OBJECT(bin_, "there is a pad %s", wanted);
    return nullptr;
  }
  auto input = std::make_unique<AudioInput>(bin_, name, templ, host_);
  GstPad* pad = input->pad();
  tracks_->add(input->track());
  input->sync_state();
  {
    const std::lock_guard lock(mutex_);
    inputs_.push_back(std::move(input));
  }
  gst_pad_set_active(pad, GST_STATE(bin_) > GST_STATE_READY ? TRUE : FALSE);
  gst_element_add_pad(GST_ELEMENT(bin_), pad);
  return pad;
}

bool AudioInputs::release(GstPad* pad) {
  std::unique_ptr<AudioInput> input;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(inputs_.begin(), inputs_.end(),
                                    [&](const auto& one) { return one->pad() == pad; });
    if (found == inputs_.end()) return false;
    input = std::move(*found);
    inputs_.erase(found);
  }
  gst_pad_set_active(pad, FALSE);
  tracks_->remove(input->track());
  input.reset();
  gst_element_remove_pad(GST_ELEMENT(bin_), pad);
  return true;
}

void AudioInputs::reset() {
  const std::lock_guard lock(mutex_);
  for (const auto& input : inputs_) input->reset();
}

bool takes_audio(const std::string& extension, const GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  return extension != ".webm" || gst_structure_has_name(structure, "audio/x-opus") != FALSE;
}

}  // namespace novelty
