// SPDX-License-Identifier: Apache-2.0
// noveltyrecord: a sink that writes flagged footage to disk.
/**
 * SECTION:element-noveltyrecord
 * @title: noveltyrecord
 *
 * Records the frames whose NoveltyMeta says that they lie in an event. Its pad `video` is a request
 * pad that gst-launch's `!` links.
 *
 * `what=clips` encodes all the time with the first installed of x264enc, openh264enc and vp8enc,
 * keeps the recent past in memory and writes each event with `pre-roll` and `post-roll` into a
 * fragmented MP4 (H.264) or WebM (VP8) file; events whose spans overlap share a clip. `what=frames`
 * writes stills, `what=normal` samples normal footage for the next training. Beside each file lies
 * a JSON sidecar. Files are called `.part` until they are whole; then `novelty-recorded` is posted
 * with the fields `kind` ("clip", "frame" or "normal"), `location`, `sidecar`, `event-id` and
 * `event-ids`.
 *
 * `location` is a folder or a template of names; `max-total-size` and `max-age` bound what the
 * recordings below it take. What a crash left there is finished at the next start.
 *
 * In a live pipeline (by the LATENCY query at the first buffer) nothing waits for the encoder or
 * the disk: what they cannot keep up with is dropped, with a warning for the disk. Otherwise
 * upstream waits. A disk that fails costs the recording, never the pipeline. EOS is posted when the
 * last file is done.
 *
 * ## Example
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! noveltydetect model=room.novelty ! noveltyrecord
 * location=events pre-roll=3 post-roll=2
 * ]|
 */
#include "gstnoveltyrecord.h"

#include <cmath>
#include <exception>
#include <memory>
#include <utility>

#include "novelty/error.h"
#include "record_clips.h"
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

// Raw frames that may wait for the encoder; few, as they may come from a small pool.
constexpr guint kQueuedFrames = 16;
constexpr guint64 kQueuedBytes = 128U << 20;

struct Properties {
  What what = What::kClips;
  std::string location = ".";
  std::string camera;
  double pre_roll = 3;
  double post_roll = 2;
  double max_duration = 300;
  double min_interval = -1;
  guint64 max_total_size = 0;
  guint64 max_age = 0;
  guint64 max_samples = 960;
};

}  // namespace

struct _GstNoveltyRecord {
  GstBin parent;
  Properties* properties;  // guarded by the object lock
  std::shared_ptr<novelty::RecordHost>* host;
  GstElement* queue;        // a child; its sink pad is what `video` stands for
  GstPad* video;            // the request pad, or null; guarded by the object lock
  gboolean liveness_known;  // the upstream streaming thread's
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
  kPreRoll,
  kPostRoll,
  kMaxDuration,
  kMinInterval,
  kMaxTotalSize,
  kMaxAge,
  kMaxSamples
};

GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE("video", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS("video/x-raw"));

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
  if (id == kLocation) return &properties.location;
  return id == kCamera ? &properties.camera : nullptr;
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
  return {make_store(self, p),
          p.camera,
          to_ns(p.pre_roll),
          to_ns(p.post_roll),
          to_ns(p.max_duration),
          to_ns(interval_of(p)),
          static_cast<std::size_t>(p.max_samples)};
}

// The chain behind the queue: an optional encode bin and the sink.
bool add_encoder(GstNoveltyRecord* self, const novelty::RecordCodec& codec) {
  GError* error = nullptr;
  GstElement* encode = novelty::make_encode_bin_or_null(codec, &error);
  if (encode == nullptr) {
    GST_ELEMENT_ERROR(
        self, CORE, MISSING_PLUGIN,
        ("The encoder cannot be made: %s (%s)", error->message, novelty::kNoCodecRemedy),
        (nullptr));
    g_error_free(error);
    return false;
  }
  gst_object_set_name(GST_OBJECT(encode), "encode");
  gst_bin_add(GST_BIN(self), encode);
  return true;
}

bool link_chain(GstNoveltyRecord* self, GstElement* sink) {
  gst_bin_add(GST_BIN(self), sink);
  GstElement* encode = gst_bin_get_by_name(GST_BIN(self), "encode");
  if (encode == nullptr) return gst_element_link(self->queue, sink) != FALSE;
  const bool linked = gst_element_link_many(self->queue, encode, sink, nullptr) != FALSE;
  gst_object_unref(encode);
  return linked;
}

bool build_clips(GstNoveltyRecord* self, const novelty::RecordSettings& settings) {
  const novelty::RecordCodec* codec =
      novelty::find_codec_or_null(settings.store->names().extension());
  if (codec == nullptr) {
    GST_ELEMENT_ERROR(self, CORE, MISSING_PLUGIN,
                      ("No encoder is installed (%s)", novelty::kNoCodecRemedy), (nullptr));
    return false;
  }
  GST_INFO_OBJECT(self, "encoding with %s", codec->encoder);
  if (!add_encoder(self, *codec)) return false;
  return link_chain(self, novelty::make_record_sink(std::make_unique<novelty::ClipRecorder>(
                                                        settings, *codec, *self->host),
                                                    *self->host));
}

template <typename Pictures>
bool build_pictures(GstNoveltyRecord* self, const novelty::RecordSettings& settings) {
  return link_chain(self, novelty::make_record_sink(
                              std::make_unique<Pictures>(settings, *self->host), *self->host));
}

bool build_chain(GstNoveltyRecord* self) {
  try {
    const Properties properties = properties_of(self);
    const novelty::RecordSettings settings = settings_of(self, properties);
    self->liveness_known = FALSE;
    switch (properties.what) {
      case What::kFrames:
        return build_pictures<novelty::StillRecorder>(self, settings);
      case What::kNormal:
        return build_pictures<novelty::NormalRecorder>(self, settings);
      default:
        return build_clips(self, settings);
    }
  } catch (const novelty::Error& error) {
    GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS, ("%s", error.what()), (nullptr));
    return false;
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, LIBRARY, INIT, ("%s", error.what()), (nullptr));
    return false;
  }
}

void remove_chain(GstNoveltyRecord* self) {
  for (const char* name : {"recorder", "encode"}) {
    GstElement* child = gst_bin_get_by_name(GST_BIN(self), name);
    if (child == nullptr) continue;
    gst_element_set_state(child, GST_STATE_NULL);
    gst_bin_remove(GST_BIN(self), child);
    gst_object_unref(child);
  }
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
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || failed) remove_chain(self);
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

// Asks at the first buffer of each stream whether it is live; see the section above.
GstPadProbeReturn learn_liveness(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(data);
  if ((info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) != 0) {
    const GstEventType type = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info));
    if (type == GST_EVENT_STREAM_START) self->liveness_known = FALSE;
    return GST_PAD_PROBE_OK;
  }
  if (self->liveness_known != FALSE) return GST_PAD_PROBE_OK;
  self->liveness_known = TRUE;
  const bool live = is_live(pad);
  GST_INFO_OBJECT(self, "upstream is %slive", live ? "" : "not ");
  (*self->host)->live = live;
  gst_util_set_object_arg(G_OBJECT(self->queue), "leaky", live ? "downstream" : "no");
  return GST_PAD_PROBE_OK;
}

GstPad* request_new_pad(GstElement* element, GstPadTemplate* templ, const gchar*, const GstCaps*) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(element);
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
  const bool running = GST_STATE(self) >= GST_STATE_PAUSED;
  if (running && build_chain(self)) {
    for (const char* name : {"recorder", "encode"}) {
      GstElement* child = gst_bin_get_by_name(GST_BIN(self), name);
      if (child == nullptr) continue;
      gst_element_sync_state_with_parent(child);
      gst_object_unref(child);
    }
  }
  gst_pad_set_active(pad, GST_STATE(self) > GST_STATE_READY ? TRUE : FALSE);
  gst_element_add_pad(element, pad);
  return pad;
}

void release_pad(GstElement* element, GstPad* pad) {
  GstNoveltyRecord* self = GST_NOVELTY_RECORD(element);
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
  gst_element_class_set_static_metadata(
      element, "Novelty recorder", "Sink/Video/File",
      "Writes the frames and clips that NoveltyMeta flags as novel", "The gst-novelty authors");
}

static void gst_novelty_record_init(GstNoveltyRecord* self) {
  self->properties = new Properties;
  self->host = new std::shared_ptr<novelty::RecordHost>(
      std::make_shared<novelty::RecordHost>(GST_ELEMENT(self)));
  // The pad decides whether this is a sink, so that an unlinked recorder never holds back EOS.
  gst_bin_set_suppressed_flags(GST_BIN(self), GST_ELEMENT_FLAG_SINK);
  self->queue = gst_element_factory_make("queue", "frames");
  g_object_set(self->queue, "max-size-buffers", kQueuedFrames, "max-size-bytes",
               static_cast<guint>(kQueuedBytes), "max-size-time", static_cast<guint64>(0), nullptr);
  gst_bin_add(GST_BIN(self), self->queue);
  GstPad* pad = gst_element_get_static_pad(self->queue, "sink");
  gst_pad_add_probe(
      pad,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      learn_liveness, self, nullptr);
  gst_object_unref(pad);
}
