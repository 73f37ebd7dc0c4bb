// SPDX-License-Identifier: Apache-2.0
// noveltyrecord: a sink that writes flagged footage to disk.
/**
 * SECTION:element-noveltyrecord
 * @title: noveltyrecord
 *
 * Records the frames that lie in an event: by the NoveltyMeta that they carry, or by that of a
 * noveltydetect on another branch of the pipeline, which `detector` names. Its pad `video` is a
 * request pad that gst-launch's `!` links. H.264, H.265, VP8 and VP9 are recorded as they come; raw
 * video is encoded, with `encoder` or the first installed of x264enc, openh264enc and vp8enc. Each
 * request pad `audio_%u` adds sound to the clips: AAC, MP3 and Opus as they come, all else as Opus.
 *
 * `what=clips` keeps the recent past in memory and writes each event with `pre-roll` and
 * `post-roll` into a fragmented MP4 or WebM file; events whose spans overlap share a clip.
 * `what=frames` writes stills of raw video, `what=normal` samples normal footage for the next
 * training. Beside each file lies a JSON sidecar, beside a clip also the peak of each event as a
 * still. Files are called `.part` until they are whole; then `novelty-recorded` is posted.
 *
 * `location` is a folder or a template of names; `max-total-size` and `max-age` bound what the
 * recordings below it take. What a crash left there is finished at the next start.
 *
 * In a live pipeline (by the LATENCY query at the first buffer) nothing waits for the encoder, the
 * detector or the disk: what they cannot keep up with is dropped, with a warning for the disk.
 * Otherwise upstream waits. A disk that fails costs the recording, never the pipeline. EOS is
 * posted when the last file is done. docs/elements.md has the whole of it.
 *
 * ## Example
 * |[
 * gst-launch-1.0 -e rtspsrc location=rtsp://camera/stream ! application/x-rtp,media=video !
 * parsebin ! tee name=t  t. ! queue ! decodebin ! videoconvert ! noveltydetect name=d
 * model=door.novelty ! fakesink  t. ! queue ! noveltyrecord detector=d location=events
 * ]|
 */
#include "gstnoveltyrecord.h"

#include <cmath>
#include <exception>
#include <memory>
#include <utility>

#include "novelty/error.h"
#include "record_audio_input.h"
#include "record_chain.h"
#include "record_clips.h"
#include "record_detector.h"
#include "record_encoder.h"
#include "record_host.h"
#include "record_normal.h"
#include "record_sink.h"
#include "record_stills.h"
#include "record_store.h"

GST_DEBUG_CATEGORY_STATIC(novelty_record_debug);
#define GST_CAT_DEFAULT novelty_record_debug

namespace {

enum class What { kClips, kFrames, kNormal };

constexpr double kMaxSeconds = 3600;
constexpr double kStillInterval = 1;
constexpr double kNormalInterval = 60;
constexpr guint64 kMostSamples = 100'000;
constexpr guint64 kMaxAgeSeconds = 100ULL * 366 * 24 * 3600;

constexpr guint64 kRingBytes = 64U << 20;

// What a detector may take to decide where its settings are not known.
constexpr std::int64_t kDecisionNs = 2'000'000'000;

struct Properties {
  What what = What::kClips;
  std::string location = ".";
  std::string camera;
  std::string detector;
  std::string encoder;
  double pre_roll = 3;
  double post_roll = 2;
  double max_duration = 300;
  double min_interval = -1;
  guint64 max_ring_bytes = kRingBytes;
  guint64 max_total_size = 0;
  guint64 max_age = 0;
  guint64 max_samples = 960;
};

}  // namespace

struct _GstNoveltyRecord {
  GstBin parent;
  Properties* properties;  // guarded by the object lock
  std::shared_ptr<novelty::RecordHost>* host;
  std::unique_ptr<novelty::DetectorTap>* tap;  // from READY to PAUSED and back
  GstElement* queue;                           // a child; its sink pad is what `video` stands for
  GstPad* video;  // the request pad, or null; guarded by the object lock
  novelty::AudioInputs* audio;
  gboolean liveness_known;  // the upstream streaming thread's
  gboolean linked;          // the queue to what follows it; the upstream streaming thread's
};

G_DEFINE_TYPE(GstNoveltyRecord, gst_novelty_record, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(novelty_record, "noveltyrecord", GST_RANK_NONE,
                                      GST_TYPE_NOVELTY_RECORD,
                                      GST_DEBUG_CATEGORY_INIT(novelty_record_debug, "noveltyrecord",
                                                              0, "Recorder of novelty"))

#define GST_TYPE_NOVELTY_RECORD_WHAT (gst_novelty_record_what_get_type())
static GType gst_novelty_record_what_get_type() {
  static const GEnumValue kValues[] = {
      {static_cast<int>(What::kClips), "Each event as a clip", "clips"},
      {static_cast<int>(What::kFrames), "Stills of flagged frames", "frames"},
      {static_cast<int>(What::kNormal), "Samples of normal footage, for training", "normal"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstNoveltyRecordWhat", kValues);
  return type;
}

namespace {

enum Property {
  kWhat = 1,
  kLocation,
  kCamera,
  kDetector,
  kEncoder,
  kPreRoll,
  kPostRoll,
  kMaxDuration,
  kMinInterval,
  kMaxRingBytes,
  kMaxTotalSize,
  kMaxAge,
  kMaxSamples
};

GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE("video", GST_PAD_SINK, GST_PAD_REQUEST,
                            GST_STATIC_CAPS("video/x-raw; " NOVELTY_RECORD_ENCODED));

GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE(
    "audio_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS(NOVELTY_RECORD_AUDIO));

double* seconds_of(Properties& properties, guint id) {
  switch (id) {
    case kPreRoll:
      return &properties.pre_roll;
    case kPostRoll:
      return &properties.post_roll;
    case kMaxDuration:
      return &properties.max_duration;
    case kMinInterval:
      return &properties.min_interval;
    default:
      return nullptr;
  }
}

std::string* text_of(Properties& properties, guint id) {
  switch (id) {
    case kLocation:
      return &properties.location;
    case kCamera:
      return &properties.camera;
    case kDetector:
      return &properties.detector;
    case kEncoder:
      return &properties.encoder;
    default:
      return nullptr;
  }
}

guint64* number_of(Properties& properties, guint id) {
  if (id == kMaxTotalSize) return &properties.max_total_size;
  if (id == kMaxSamples) return &properties.max_samples;
  return id == kMaxAge ? &properties.max_age : nullptr;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(object);
  GST_OBJECT_LOCK(self);
  Properties& properties = *self->properties;
  if (double* seconds = seconds_of(properties, id); seconds != nullptr) {
    *seconds = g_value_get_double(value);
  } else if (std::string* text = text_of(properties, id); text != nullptr) {
    const char* given = g_value_get_string(value);
    *text = given == nullptr ? "" : given;
  } else if (guint64* number = number_of(properties, id); number != nullptr) {
    *number = g_value_get_uint64(value);
  } else if (id == kWhat) {
    properties.what = static_cast<What>(g_value_get_enum(value));
  } else if (id == kMaxRingBytes) {
    properties.max_ring_bytes = g_value_get_uint64(value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
}

Properties properties_of(GstNoveltyRecord* self) {
  GST_OBJECT_LOCK(self);
  Properties copy = *self->properties;
  GST_OBJECT_UNLOCK(self);
  return copy;
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  Properties properties = properties_of(GST_NOVELTY_RECORD(object));
  if (const double* seconds = seconds_of(properties, id); seconds != nullptr) {
    g_value_set_double(value, *seconds);
  } else if (const std::string* text = text_of(properties, id); text != nullptr) {
    g_value_set_string(value, text->c_str());
  } else if (const guint64* number = number_of(properties, id); number != nullptr) {
    g_value_set_uint64(value, *number);
  } else if (id == kWhat) {
    g_value_set_enum(value, static_cast<int>(properties.what));
  } else if (id == kMaxRingBytes) {
    g_value_set_uint64(value, properties.max_ring_bytes);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

std::int64_t to_ns(double seconds) {
  return std::llround(seconds * 1e9);
}

double interval_of(const Properties& p) {
  if (p.min_interval >= 0) return p.min_interval;
  return p.what == What::kNormal ? kNormalInterval : kStillInterval;
}

// Throws: novelty::Error(kSettings).
std::shared_ptr<novelty::RecordStore> make_store(GstNoveltyRecord* self, const Properties& p) {
  novelty::NameTemplate names(p.location);
  const std::string& ending = names.extension();
  const bool is_still = ending == ".jpg" || ending == ".png";
  if (!ending.empty() && is_still == (p.what == What::kClips)) {
    throw novelty::Error(novelty::ErrorKind::kSettings, "location=" + p.location,
                         "'" + ending + "' does not go with `what`",
                         "clips are .mp4, .mkv or .webm, pictures .jpg or .png");
  }
  const novelty::RecordBudget budget{static_cast<std::int64_t>(p.max_total_size),
                                     static_cast<std::int64_t>(p.max_age * GST_SECOND)};
  return std::make_shared<novelty::RecordStore>(std::move(names), budget, *self->host);
}

novelty::RecordSettings settings_of(GstNoveltyRecord* self, const Properties& p) {
  const novelty::DetectorTap* tap = self->tap->get();
  return {.store = make_store(self, p),
          .camera = p.camera,
          .pre_roll_ns = to_ns(p.pre_roll),
          .post_roll_ns = to_ns(p.post_roll),
          .max_duration_ns = to_ns(p.max_duration),
          .min_interval_ns = to_ns(interval_of(p)),
          .decision_ns = tap == nullptr ? kDecisionNs : tap->decision_ns(),
          .max_ring_bytes = static_cast<std::size_t>(p.max_ring_bytes),
          .max_samples = static_cast<std::size_t>(p.max_samples)};
}

std::unique_ptr<novelty::Recorder> make_recorder(GstNoveltyRecord* self, const Properties& p) {
  const novelty::RecordSettings settings = settings_of(self, p);
  const novelty::DetectorTap* tap = self->tap->get();
  switch (p.what) {
    case What::kFrames:
      return std::make_unique<novelty::StillRecorder>(settings, *self->host);
    case What::kNormal:
      return std::make_unique<novelty::NormalRecorder>(settings, *self->host);
    default:
      return std::make_unique<novelty::ClipRecorder>(
          settings, *self->host, tap == nullptr ? nullptr : tap->feed(), self->audio->tracks());
  }
}

// The sink; what lies between it and the queue is made when the caps are known.
bool build_chain(GstNoveltyRecord* self) {
  try {
    const Properties properties = properties_of(self);
    if (!properties.detector.empty()) {
      *self->tap = std::make_unique<novelty::DetectorTap>(GST_ELEMENT(self), properties.detector);
    }
    self->liveness_known = FALSE;
    self->linked = FALSE;
    novelty::set_queue_for_raw(self->queue);
    return gst_bin_add(GST_BIN(self), novelty::make_record_sink(make_recorder(self, properties),
                                                                *self->host)) != FALSE;
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS, ("%s", error.what()), (nullptr));
    return false;
  }
}

void remove_chain(GstNoveltyRecord* self) {
  if (GstElement* sink = gst_bin_get_by_name(GST_BIN(self), "recorder")) {
    gst_element_set_locked_state(sink, TRUE);  // or a bin on its way to PLAYING takes it along
    gst_element_set_state(sink, GST_STATE_NULL);
    gst_bin_remove(GST_BIN(self), sink);
    gst_object_unref(sink);
  }
  novelty::unlink_clip_chain(GST_BIN(self));
  self->tap->reset();
}

bool link_for(GstNoveltyRecord* self, GstElement* sink, GstCaps* caps, bool has_dts) {
  const Properties properties = properties_of(self);
  const bool direct = properties.what != What::kClips || caps == nullptr;
  if (!direct) {
    const std::string extension = novelty::NameTemplate(properties.location).extension();
    return novelty::link_clip_chain(GST_BIN(self), self->queue, sink, caps, has_dts,
                                    {properties.encoder, extension}, **self->host);
  }
  if (novelty::format_or_null(caps) != nullptr) {
    GST_ELEMENT_ERROR(self, STREAM, WRONG_TYPE, ("stills need raw video: put a decodebin before"),
                      (nullptr));
    return false;
  }
  return gst_element_link(self->queue, sink) != FALSE;
}

// caps: of the video; null: there is none before the end. has_dts: of encoded video.
void link_once(GstNoveltyRecord* self, GstCaps* caps, bool has_dts) {
  if (self->linked != FALSE) return;
  GstElement* sink = gst_bin_get_by_name(GST_BIN(self), "recorder");
  if (sink == nullptr) return;
  try {
    self->linked = link_for(self, sink, caps, has_dts) ? TRUE : FALSE;
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, LIBRARY, INIT, ("%s", error.what()), (nullptr));
  }
  gst_object_unref(sink);
}

bool has_video(GstNoveltyRecord* self) {
  GST_OBJECT_LOCK(self);
  const bool has = self->video != nullptr;
  GST_OBJECT_UNLOCK(self);
  return has;
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && has_video(self) && !build_chain(self)) {
    remove_chain(self);
    return GST_STATE_CHANGE_FAILURE;
  }
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(gst_novelty_record_parent_class)->change_state(element, transition);
  const bool failed =
      transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || failed) {
    remove_chain(self);
    self->audio->reset();  // not with the video pad alone: sound may go on
  }
  return result;
}

bool is_live(GstPad* pad) {
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  if (gst_pad_peer_query(pad, query) != FALSE) {
    gst_query_parse_latency(query, &live, nullptr, nullptr);
  }
  gst_query_unref(query);
  return live != FALSE;
}

void look_at(GstNoveltyRecord* self, GstEvent* event) {
  GstCaps* caps = nullptr;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      self->liveness_known = FALSE;
      break;
    case GST_EVENT_CAPS:
      gst_event_parse_caps(event, &caps);
      // Raw video asks for buffers next; of encoded video, the first buffer tells more.
      if (novelty::format_or_null(caps) == nullptr) link_once(self, caps, true);
      break;
    case GST_EVENT_EOS:
      link_once(self, nullptr, true);
      break;
    default:
      break;
  }
}

// Asks at the first buffer of each stream whether it is live; see the section above.
void learn_liveness(GstNoveltyRecord* self, GstPad* pad) {
  if (self->liveness_known != FALSE) return;
  self->liveness_known = TRUE;
  const bool live = is_live(pad);
  GST_INFO_OBJECT(self, "upstream is %slive", live ? "" : "not ");
  (*self->host)->live = live;
  gst_util_set_object_arg(G_OBJECT(self->queue), "leaky", live ? "downstream" : "no");
}

void link_at(GstNoveltyRecord* self, GstPad* pad, GstBuffer* first) {
  if (self->linked != FALSE) return;
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps == nullptr) return;
  link_once(self, caps, GST_BUFFER_DTS_IS_VALID(first) != FALSE);
  gst_caps_unref(caps);
}

GstPadProbeReturn look(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(data);
  if ((info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) != 0) {
    look_at(self, GST_PAD_PROBE_INFO_EVENT(info));
  } else {
    learn_liveness(self, pad);
    link_at(self, pad, GST_PAD_PROBE_INFO_BUFFER(info));
  }
  return GST_PAD_PROBE_OK;
}

GstPad* request_new_pad(GstElement* element, GstPadTemplate* templ, const gchar* name,
                        const GstCaps*) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(element);
  if (g_strcmp0(templ->name_template, audio_template.name_template) == 0)
    return self->audio->request(templ, name);
  if (has_video(self)) {
    GST_WARNING_OBJECT(self, "there is one video pad only");
    return nullptr;
  }
  GstPad* target = gst_element_get_static_pad(self->queue, "sink");
  GstPad* pad = gst_ghost_pad_new_from_template("video", target, templ);
  gst_object_unref(target);
  GST_OBJECT_LOCK(self);
  self->video = pad;
  GST_OBJECT_UNLOCK(self);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK);
  if (GST_STATE(self) >= GST_STATE_PAUSED && build_chain(self)) {
    GstElement* sink = gst_bin_get_by_name(GST_BIN(self), "recorder");
    gst_element_sync_state_with_parent(sink);
    gst_object_unref(sink);
  }
  gst_pad_set_active(pad, GST_STATE(self) > GST_STATE_READY ? TRUE : FALSE);
  gst_element_add_pad(element, pad);
  return pad;
}

void release_pad(GstElement* element, GstPad* pad) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(element);
  if (self->audio->release(pad)) return;
  GST_OBJECT_LOCK(self);
  self->video = nullptr;
  GST_OBJECT_UNLOCK(self);
  GST_OBJECT_FLAG_UNSET(self, GST_ELEMENT_FLAG_SINK);
  gst_pad_set_active(pad, FALSE);
  remove_chain(self);
  gst_element_remove_pad(element, pad);
}

void finalize(GObject* object) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(object);
  delete self->properties;
  delete self->host;
  delete self->tap;
  delete self->audio;
  G_OBJECT_CLASS(gst_novelty_record_parent_class)->finalize(object);
}

constexpr auto kFlags =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

void install_seconds(GObjectClass* object, guint id, const char* name, const char* nick,
                     const char* blurb, double fallback) {
  g_object_class_install_property(
      object, id, g_param_spec_double(name, nick, blurb, 0, kMaxSeconds, fallback, kFlags));
}

void install_number(GObjectClass* object, guint id, const char* name, const char* nick,
                    const char* blurb, guint64 most, guint64 fallback) {
  g_object_class_install_property(
      object, id, g_param_spec_uint64(name, nick, blurb, 0, most, fallback, kFlags));
}

void install_properties(GObjectClass* object) {
  const Properties defaults;
  g_object_class_install_property(
      object, kWhat,
      g_param_spec_enum("what", "What", "What to record", GST_TYPE_NOVELTY_RECORD_WHAT,
                        static_cast<int>(defaults.what), kFlags));
  g_object_class_install_property(
      object, kLocation,
      g_param_spec_string("location", "Location",
                          "Folder of the recordings, or a template such as "
                          "events/%{camera}/%{date}/%{time}_%{event}.mp4",
                          defaults.location.c_str(), kFlags));
  g_object_class_install_property(
      object, kCamera,
      g_param_spec_string("camera", "Camera",
                          "Name of the camera in files and sidecars; empty: as in the metadata",
                          defaults.camera.c_str(), kFlags));
  g_object_class_install_property(
      object, kDetector,
      g_param_spec_string("detector", "Detector",
                          "Name of the noveltydetect on another branch of the pipeline that says "
                          "what is novel; empty: the metadata of the recorded stream",
                          defaults.detector.c_str(), kFlags));
  g_object_class_install_property(
      object, kEncoder,
      g_param_spec_string("encoder", "Encoder",
                          "Encoder of raw video as in gst-launch, to H.264, H.265, VP8 or VP9; "
                          "empty: the first installed of x264enc, openh264enc and vp8enc",
                          defaults.encoder.c_str(), kFlags));
  install_seconds(object, kPreRoll, "pre-roll", "Pre-roll",
                  "Seconds before an event that its clip begins with", defaults.pre_roll);
  install_seconds(object, kPostRoll, "post-roll", "Post-roll",
                  "Seconds after an event's last frame that its clip ends with",
                  defaults.post_roll);
  install_seconds(object, kMaxDuration, "max-duration", "Maximum duration",
                  "Seconds after which a clip goes on in a new file, 0 = no limit",
                  defaults.max_duration);
  g_object_class_install_property(
      object, kMinInterval,
      g_param_spec_double("min-interval", "Minimum interval",
                          "Seconds between two stills of one event (what=frames) or two samples "
                          "(what=normal), -1 = 1 and 60",
                          -1, kMaxSeconds, defaults.min_interval, kFlags));
  g_object_class_install_property(
      object, kMaxRingBytes,
      g_param_spec_uint64("max-ring-bytes", "Maximum ring bytes",
                          "Encoded video that is kept in memory for the pre-roll, in bytes",
                          1U << 20, G_MAXINT64, defaults.max_ring_bytes, kFlags));
  install_number(object, kMaxTotalSize, "max-total-size", "Maximum total size",
                 "Bytes that the recordings may take, the oldest go first; 0 = no limit",
                 G_MAXINT64, defaults.max_total_size);
  install_number(object, kMaxAge, "max-age", "Maximum age",
                 "Seconds after which a recording is removed; 0 = never", kMaxAgeSeconds,
                 defaults.max_age);
  install_number(object, kMaxSamples, "max-samples", "Maximum samples",
                 "Pictures kept of normal footage, an equal share for each hour of the day "
                 "(what=normal)",
                 kMostSamples, defaults.max_samples);
}

}  // namespace

static void gst_novelty_record_class_init(GstNoveltyRecordClass* klass) {
  GObjectClass* object = G_OBJECT_CLASS(klass);
  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  install_properties(object);
  gst_type_mark_as_plugin_api(GST_TYPE_NOVELTY_RECORD_WHAT, static_cast<GstPluginAPIFlags>(0));
  GstElementClass* element = GST_ELEMENT_CLASS(klass);
  element->change_state = change_state;
  element->request_new_pad = request_new_pad;
  element->release_pad = release_pad;
  gst_element_class_add_static_pad_template(element, &video_template);
  gst_element_class_add_static_pad_template(element, &audio_template);
  gst_element_class_set_static_metadata(
      element, "Novelty recorder", "Sink/Video/File",
      "Writes the frames and clips that NoveltyMeta flags as novel", "The gst-novelty authors");
}

static void gst_novelty_record_init(GstNoveltyRecord* self) {
  self->properties = new Properties;
  self->host = new std::shared_ptr<novelty::RecordHost>(
      std::make_shared<novelty::RecordHost>(GST_ELEMENT(self)));
  self->tap = new std::unique_ptr<novelty::DetectorTap>;
  self->audio = new novelty::AudioInputs(GST_BIN(self), *self->host);
  // The pad decides whether this is a sink, so that an unlinked recorder never holds back EOS.
  gst_bin_set_suppressed_flags(GST_BIN(self), GST_ELEMENT_FLAG_SINK);
  self->queue = gst_element_factory_make("queue", "frames");
  gst_bin_add(GST_BIN(self), self->queue);
  GstPad* pad = gst_element_get_static_pad(self->queue, "sink");
  gst_pad_add_probe(
      pad,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      look, self, nullptr);
  gst_object_unref(pad);
}
