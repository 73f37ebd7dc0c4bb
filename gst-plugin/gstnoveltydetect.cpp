// SPDX-License-Identifier: Apache-2.0
// The GObject shell of noveltydetect: properties and virtual functions.

/**
 * SECTION:element-noveltydetect
 * @title: noveltydetect
 * @short_description: flags what does not belong in a scene
 *
 * Scores raw video frames with a model that learnt what the scene normally looks like, leaves the
 * pixels alone, puts the result on each buffer as NoveltyMeta and posts novelty-begin,
 * novelty-update and novelty-end.
 *
 * |[
 * gst-launch-1.0 -m filesrc location=room.mp4 ! decodebin ! videoconvert ! noveltydetect
 * model=room.novelty ! fakesink
 * gst-launch-1.0 -m filesrc location=room.mp4 ! decodebin ! videoconvert ! noveltydetect
 * model=room.novelty roi="0.4,0.2 0.6,0.2 0.6,1 0.4,1" ! fakesink
 * ]|
 */
#include "gstnoveltydetect.h"

#include <gst/video/video.h>

#include "detect_announce.h"
#include "detect_element.h"
#include "frame_view.h"

GST_DEBUG_CATEGORY(gst_novelty_detect_debug);
#define GST_CAT_DEFAULT gst_novelty_detect_debug

using novelty::DetectElement;
using novelty::DetectMode;
using novelty::DetectSettings;
using novelty::guarded;

struct _GstNoveltyDetect {
  GstBaseTransform parent;
  DetectElement* impl;  // owned
};

namespace {

enum Property : guint {
  kPropModel = 1,
  kPropDevice,
  kPropPrecision,
  kPropMode,
  kPropThreshold,
  kPropTarget,
  kPropInferenceInterval,
  kPropCamera,
  kPropEnabled,
  kPropPostMessages,
  kPropRoi,
  kPropIgnore,
  kPropSmoothing,
  kPropMinDuration,
  kPropHold,
  kPropSceneGuard,
  kPropUnchangedTolerance,
  kPropAdapt,
  kPropStats,
  kPropLastScore,
};

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("video/x-raw, format = (string) " NOVELTY_VIDEO_FORMATS
                    ", width = (int) [ 1, 32768 ], height = (int) [ 1, 32768 ], "
                    "framerate = (fraction) [ 0, max ]"));

GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("video/x-raw, format = (string) " NOVELTY_VIDEO_FORMATS
                    ", width = (int) [ 1, 32768 ], height = (int) [ 1, 32768 ], "
                    "framerate = (fraction) [ 0, max ]"));

GType mode_type() {
  static const GEnumValue values[] = {
      {static_cast<gint>(DetectMode::kAuto), "latest for a live source, else every-frame", "auto"},
      {static_cast<gint>(DetectMode::kEveryFrame), "score each frame, in order", "every-frame"},
      {static_cast<gint>(DetectMode::kLatest),
       "score the newest frame in the background, never hold frames", "latest"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstNoveltyDetectMode", values);
  return type;
}

std::string string_of(const GValue* value) {
  const gchar* text = g_value_get_string(value);
  return text == nullptr ? std::string() : text;
}

void store(DetectSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kPropModel:
      settings.model = string_of(value);
      break;
    case kPropDevice:
      settings.device = string_of(value);
      break;
    case kPropPrecision:
      settings.precision = string_of(value);
      break;
    case kPropMode:
      settings.mode = static_cast<DetectMode>(g_value_get_enum(value));
      break;
    case kPropThreshold:
      settings.threshold = g_value_get_double(value);
      break;
    case kPropTarget:
      settings.target_per_hour = g_value_get_double(value);
      break;
    case kPropInferenceInterval:
      settings.inference_interval = g_value_get_uint(value);
      break;
    case kPropUnchangedTolerance:
      settings.unchanged_tolerance = g_value_get_double(value);
      break;
    case kPropCamera:
      settings.camera = string_of(value);
      break;
    case kPropEnabled:
      settings.enabled = g_value_get_boolean(value) != FALSE;
      break;
    case kPropPostMessages:
      settings.post_messages = g_value_get_boolean(value) != FALSE;
      break;
    case kPropRoi:
      settings.roi = string_of(value);
      break;
    case kPropIgnore:
      settings.ignore = string_of(value);
      break;
    case kPropSmoothing:
      settings.smoothing_ns = g_value_get_int64(value);
      break;
    case kPropMinDuration:
      settings.min_duration_ns = g_value_get_int64(value);
      break;
    case kPropHold:
      settings.hold_ns = g_value_get_int64(value);
      break;
    case kPropSceneGuard:
      settings.scene_guard = g_value_get_boolean(value) != FALSE;
      break;
    case kPropAdapt:
      settings.adapt = g_value_get_boolean(value) != FALSE;
      break;
    default:
      break;
  }
}

GstStructure* structure_of(const novelty::DetectStats& stats) {
  return gst_structure_new(
      "novelty-stats", "frames", G_TYPE_UINT64, static_cast<guint64>(stats.frames), "scored",
      G_TYPE_UINT64, static_cast<guint64>(stats.scored), "unchanged", G_TYPE_UINT64,
      static_cast<guint64>(stats.unchanged), "events", G_TYPE_UINT64,
      static_cast<guint64>(stats.events), "scene-changes", G_TYPE_UINT64,
      static_cast<guint64>(stats.scene_changes), "scene-change", G_TYPE_STRING,
      stats.scene_change.c_str(), "mode", G_TYPE_STRING,
      stats.background ? "latest" : "every-frame", "model", G_TYPE_STRING, stats.model_path.c_str(),
      "model-id", G_TYPE_STRING, stats.model_id.c_str(), "device", G_TYPE_STRING,
      stats.device.c_str(), "precision", G_TYPE_STRING, stats.precision.c_str(), "scoring-time",
      G_TYPE_UINT64, static_cast<guint64>(stats.scoring_ns), "drift", G_TYPE_DOUBLE, stats.drift,
      nullptr);
}

void load(const DetectElement& element, guint id, GValue* value) {
  const DetectSettings settings = element.settings();
  switch (id) {
    case kPropModel:
      g_value_set_string(value, settings.model.c_str());
      break;
    case kPropDevice:
      g_value_set_string(value, settings.device.c_str());
      break;
    case kPropPrecision:
      g_value_set_string(value, settings.precision.c_str());
      break;
    case kPropMode:
      g_value_set_enum(value, static_cast<gint>(settings.mode));
      break;
    case kPropThreshold:
      g_value_set_double(value, settings.threshold);
      break;
    case kPropTarget:
      g_value_set_double(value, settings.target_per_hour);
      break;
    case kPropInferenceInterval:
      g_value_set_uint(value, settings.inference_interval);
      break;
    case kPropUnchangedTolerance:
      g_value_set_double(value, settings.unchanged_tolerance);
      break;
    case kPropCamera:
      g_value_set_string(value, settings.camera.c_str());
      break;
    case kPropEnabled:
      g_value_set_boolean(value, settings.enabled);
      break;
    case kPropPostMessages:
      g_value_set_boolean(value, settings.post_messages);
      break;
    case kPropRoi:
      g_value_set_string(value, settings.roi.c_str());
      break;
    case kPropIgnore:
      g_value_set_string(value, settings.ignore.c_str());
      break;
    case kPropSmoothing:
      g_value_set_int64(value, settings.smoothing_ns);
      break;
    case kPropMinDuration:
      g_value_set_int64(value, settings.min_duration_ns);
      break;
    case kPropHold:
      g_value_set_int64(value, settings.hold_ns);
      break;
    case kPropSceneGuard:
      g_value_set_boolean(value, settings.scene_guard);
      break;
    case kPropAdapt:
      g_value_set_boolean(value, settings.adapt);
      break;
    case kPropStats:
      g_value_take_boxed(value, structure_of(element.stats()));
      break;
    case kPropLastScore:
      g_value_set_double(value, element.stats().last_score);
      break;
    default:
      break;
  }
}

}  // namespace

G_DEFINE_TYPE_WITH_CODE(GstNoveltyDetect, gst_novelty_detect, GST_TYPE_BASE_TRANSFORM,
                        GST_DEBUG_CATEGORY_INIT(gst_novelty_detect_debug, "noveltydetect", 0,
                                                "scores frames for novelty"))
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(novelty_detect, "noveltydetect", GST_RANK_NONE,
                                      GST_TYPE_NOVELTY_DETECT, novelty::register_novelty_meta())

static DetectElement& impl_of(gpointer object) {
  return *GST_NOVELTY_DETECT(object)->impl;
}

static void gst_novelty_detect_set_property(GObject* object, guint id, const GValue* value,
                                            GParamSpec* spec) {
  if (id < kPropModel || id > kPropAdapt) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    return;
  }
  guarded(object, [&] {
    const auto edit = [&](DetectSettings& settings) { store(settings, id, value); };
    if (id == kPropRoi || id == kPropIgnore) return impl_of(object).change_area(edit);
    impl_of(object).change(edit);
    if (id == kPropModel || id == kPropDevice) impl_of(object).reload();
  });
}

static void gst_novelty_detect_get_property(GObject* object, guint id, GValue* value,
                                            GParamSpec* spec) {
  if (id < kPropModel || id > kPropLastScore) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    return;
  }
  guarded(object, [&] { load(impl_of(object), id, value); });
}

static void gst_novelty_detect_rearm(GstElement* element) {
  impl_of(element).rearm();
}

static void gst_novelty_detect_finalize(GObject* object) {
  delete GST_NOVELTY_DETECT(object)->impl;
  G_OBJECT_CLASS(gst_novelty_detect_parent_class)->finalize(object);
}

static GstStateChangeReturn gst_novelty_detect_change_state(GstElement* element,
                                                            GstStateChange transition) {
  if (transition == GST_STATE_CHANGE_NULL_TO_READY &&
      !guarded(element, [&] { impl_of(element).open(); }))
    return GST_STATE_CHANGE_FAILURE;
  const auto result =
      GST_ELEMENT_CLASS(gst_novelty_detect_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    guarded(element, [&] { impl_of(element).close(); });
  return result;
}

static gboolean gst_novelty_detect_start(GstBaseTransform* base) {
  return guarded(base, [&] { impl_of(base).start(); });
}

static gboolean gst_novelty_detect_stop(GstBaseTransform* base) {
  return guarded(base, [&] { impl_of(base).stop(); });
}

static gboolean gst_novelty_detect_set_caps(GstBaseTransform* base, GstCaps* in, GstCaps*) {
  GstVideoInfo info;
  if (gst_video_info_from_caps(&info, in) == FALSE) return FALSE;
  return guarded(base, [&] { impl_of(base).set_info(info); });
}

static GstFlowReturn gst_novelty_detect_transform_ip(GstBaseTransform* base, GstBuffer* buffer) {
  return guarded(base, [&] { impl_of(base).frame(buffer); }) ? GST_FLOW_OK : GST_FLOW_ERROR;
}

static gboolean gst_novelty_detect_sink_event(GstBaseTransform* base, GstEvent* event) {
  guarded(base, [&] { impl_of(base).sink_event(event); });
  return GST_BASE_TRANSFORM_CLASS(gst_novelty_detect_parent_class)->sink_event(base, event);
}

static gboolean gst_novelty_detect_src_event(GstBaseTransform* base, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) impl_of(base).reconfigure();
  return GST_BASE_TRANSFORM_CLASS(gst_novelty_detect_parent_class)->src_event(base, event);
}

static gboolean gst_novelty_detect_query(GstBaseTransform* base, GstPadDirection direction,
                                         GstQuery* query) {
  if (GST_BASE_TRANSFORM_CLASS(gst_novelty_detect_parent_class)->query(base, direction, query) ==
      FALSE)
    return FALSE;
  if (direction != GST_PAD_SRC || GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return TRUE;
  gboolean live = FALSE;
  GstClockTime shortest = 0;
  GstClockTime longest = GST_CLOCK_TIME_NONE;
  gst_query_parse_latency(query, &live, &shortest, &longest);
  const GstClockTime own = impl_of(base).latency();
  if (GST_CLOCK_TIME_IS_VALID(longest)) longest += own;
  gst_query_set_latency(query, live, shortest + own, longest);
  return TRUE;
}

static void install_model_properties(GObjectClass* klass) {
  constexpr auto kPlaying = static_cast<GParamFlags>(
      static_cast<int>(G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  constexpr auto kReady = static_cast<GParamFlags>(
      static_cast<int>(G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_property(
      klass, kPropModel,
      g_param_spec_string("model", "Model",
                          "Path of the model bundle (*.novelty). While playing, a new value (or "
                          "the same again) loads in the background and takes over at a frame",
                          "", kPlaying));
  g_object_class_install_property(
      klass, kPropDevice,
      g_param_spec_string("device", "Device",
                          "Where the networks run: cpu, cuda (cuda:1 is the second GPU), or "
                          "auto: the first GPU if there is one, else the CPU",
                          "auto", kReady));
  g_object_class_install_property(
      klass, kPropPrecision,
      g_param_spec_string(
          "precision", "Precision",
          "Numbers the networks calculate with: fp32, bf16, int8, or auto: bf16 "
          "on a GPU and where the CPU is quicker in it and the model was checked in it",
          "auto", kReady));
  g_object_class_install_property(
      klass, kPropMode,
      g_param_spec_enum("mode", "Mode",
                        "Which frames are scored, and whether frames wait for it. Users of appsrc, "
                        "which is not live by default, set latest",
                        mode_type(), static_cast<gint>(DetectMode::kAuto), kPlaying));
  g_object_class_install_property(
      klass, kPropInferenceInterval,
      g_param_spec_uint("inference-interval", "Inference interval",
                        "Score every n-th frame; the others carry the last result (frames)", 1,
                        G_MAXUINT, 1, kPlaying));
  g_object_class_install_property(
      klass, kPropUnchangedTolerance,
      g_param_spec_double("unchanged-tolerance", "Tolerance of unchanged",
                          "A frame of which no patch differs from the last scored frame's by more "
                          "keeps its score (mean difference of a patch, in levels of 255; 0 = "
                          "equal frames alone)",
                          0, 255, 0, kPlaying));
  g_object_class_install_property(
      klass, kPropEnabled,
      g_param_spec_boolean("enabled", "Enabled", "Off: frames pass without score or metadata", TRUE,
                           static_cast<GParamFlags>(kPlaying | GST_PARAM_CONTROLLABLE)));
}

static void install_area_properties(GObjectClass* klass) {
  constexpr auto kPlaying = static_cast<GParamFlags>(
      static_cast<int>(G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  g_object_class_install_property(
      klass, kPropRoi,
      g_param_spec_string("roi", "Region of interest",
                          "Where novelty counts: polygons \"x,y x,y x,y; ...\" in shares of the "
                          "frame (0,0 upper left, 1,1 lower right), or the path of a .png, white "
                          "where it counts. Empty: everywhere",
                          "", kPlaying));
  g_object_class_install_property(
      klass, kPropIgnore,
      g_param_spec_string("ignore", "Ignore",
                          "Where novelty does not count, also inside roi; written like roi. Empty: "
                          "nowhere",
                          "", kPlaying));
}

static void install_event_properties(GObjectClass* klass) {
  constexpr auto kPlaying = static_cast<GParamFlags>(
      static_cast<int>(G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  constexpr auto kControllable = static_cast<GParamFlags>(kPlaying | GST_PARAM_CONTROLLABLE);
  g_object_class_install_property(
      klass, kPropThreshold,
      g_param_spec_double("threshold", "Threshold",
                          "p-value at and under which a frame is novel: smaller flags less (0 = "
                          "none, 1 = every frame, -1 = the model's own)",
                          -1, 1, -1, kControllable));
  g_object_class_install_property(
      klass, kPropTarget,
      g_param_spec_double("target-false-alarms-per-hour", "Target of false alarms",
                          "False events an hour to expect, from which the threshold follows; "
                          "`threshold` goes before it (0 = the model's own)",
                          0, 3599, 0, kControllable));
  g_object_class_install_property(
      klass, kPropSmoothing,
      g_param_spec_int64("smoothing", "Smoothing",
                         "Time constant over which scores are smoothed (ns; 0 = none, -1 = the "
                         "model's own)",
                         -1, G_MAXINT64, -1, kPlaying));
  g_object_class_install_property(
      klass, kPropMinDuration,
      g_param_spec_int64(
          "min-duration", "Minimum duration",
          "Time over the threshold before an event begins (ns; -1 = the model's own)", -1,
          G_MAXINT64, -1, kPlaying));
  g_object_class_install_property(
      klass, kPropHold,
      g_param_spec_int64("hold", "Hold",
                         "Time an event outlives its last novel frame (ns; -1 = the model's own)",
                         -1, G_MAXINT64, -1, kPlaying));
}

static void install_adapt(GObjectClass* klass) {
  constexpr auto kPlaying = static_cast<GParamFlags>(
      static_cast<int>(G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  g_object_class_install_property(
      klass, kPropAdapt,
      g_param_spec_boolean("adapt", "Adapt",
                           "Follow slow drift of the scores of normal frames, within bounds; off "
                           "rolls it back",
                           FALSE, kPlaying));
}

static void install_scene_guard(GObjectClass* klass) {
  constexpr auto kPlaying = static_cast<GParamFlags>(
      static_cast<int>(G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  g_object_class_install_property(
      klass, kPropSceneGuard,
      g_param_spec_boolean("scene-guard", "Scene guard",
                           "Tell that the camera was moved, covered or switched to infra-red, or "
                           "the scene re-lit, and hold events meanwhile",
                           TRUE, kPlaying));
  /**
   * GstNoveltyDetect::rearm:
   *
   * Takes the next scored picture as the reference of the scene-change guard, which clears its
   * flag. For a change that lasts and is not worth a new training.
   */
  g_signal_new_class_handler(
      "rearm", G_TYPE_FROM_CLASS(klass),
      static_cast<GSignalFlags>(static_cast<int>(G_SIGNAL_RUN_LAST) | G_SIGNAL_ACTION),
      G_CALLBACK(gst_novelty_detect_rearm), nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
}

static void install_result_properties(GObjectClass* klass) {
  constexpr auto kPlaying = static_cast<GParamFlags>(
      static_cast<int>(G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  constexpr auto kReadable =
      static_cast<GParamFlags>(static_cast<int>(G_PARAM_READABLE) | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(
      klass, kPropCamera,
      g_param_spec_string("camera", "Camera", "Name of the camera, put into metadata and messages",
                          "", kPlaying));
  g_object_class_install_property(
      klass, kPropPostMessages,
      g_param_spec_boolean("post-messages", "Post messages",
                           "Post events on the bus (downstream they are always told)", TRUE,
                           kPlaying));
  g_object_class_install_property(
      klass, kPropStats,
      g_param_spec_boxed("stats", "Statistics",
                         "Since READY: frames, scored, unchanged (of the scored), events, "
                         "scene-changes (counts), the "
                         "scene-change and the mode in force, model, "
                         "model-id, scoring-time (of the last score, ns), drift (what adapt "
                         "lowers scores by)",
                         GST_TYPE_STRUCTURE, kReadable));
  g_object_class_install_property(
      klass, kPropLastScore,
      g_param_spec_double("last-score", "Last score",
                          "The newest image score; larger is more novel", -G_MAXDOUBLE, G_MAXDOUBLE,
                          0, kReadable));
}

static void gst_novelty_detect_class_init(GstNoveltyDetectClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  auto* element = GST_ELEMENT_CLASS(klass);
  auto* base = GST_BASE_TRANSFORM_CLASS(klass);
  object->set_property = gst_novelty_detect_set_property;
  object->get_property = gst_novelty_detect_get_property;
  object->finalize = gst_novelty_detect_finalize;
  install_model_properties(object);
  install_area_properties(object);
  install_event_properties(object);
  install_scene_guard(object);
  install_adapt(object);
  install_result_properties(object);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(
      element, "Novelty detector", "Filter/Analyzer/Video",
      "Flags and localises what does not belong in a scene, by a model of how it normally looks",
      "gst-novelty");
  gst_type_mark_as_plugin_api(mode_type(), static_cast<GstPluginAPIFlags>(0));
  element->change_state = gst_novelty_detect_change_state;
  base->start = gst_novelty_detect_start;
  base->stop = gst_novelty_detect_stop;
  base->set_caps = gst_novelty_detect_set_caps;
  base->transform_ip = gst_novelty_detect_transform_ip;
  base->transform_ip_on_passthrough = FALSE;
  base->sink_event = gst_novelty_detect_sink_event;
  base->src_event = gst_novelty_detect_src_event;
  base->query = gst_novelty_detect_query;
}

static void gst_novelty_detect_init(GstNoveltyDetect* self) {
  auto* base = GST_BASE_TRANSFORM(self);
  self->impl = new DetectElement(base);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_gap_aware(base, TRUE);
}
