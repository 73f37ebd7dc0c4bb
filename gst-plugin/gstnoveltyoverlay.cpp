// SPDX-License-Identifier: Apache-2.0
// noveltyoverlay: draws NoveltyMeta onto raw video, in place.
/**
 * SECTION:element-noveltyoverlay
 * @title: noveltyoverlay
 *
 * Draws what noveltydetect wrote into the frames' NoveltyMeta: the anomaly map as heat (see-through
 * where the picture is normal), outlines of the novel regions, a badge with the state and the score
 * beside its threshold, and the scores of the last 20 seconds with the threshold as a dashed line.
 * Sizes follow the frame's height. A frame without the meta passes through untouched.
 *
 * ## Example
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin ! videoconvert ! noveltydetect
 * model=room.novelty ! noveltyoverlay ! videoconvert ! autovideosink
 * ]|
 */
#include "gstnoveltyoverlay.h"

#include <exception>

#include "frame_view.h"
#include "noveltymeta.h"
#include "overlay_painter.h"

GST_DEBUG_CATEGORY_STATIC(novelty_overlay_debug);
#define GST_CAT_DEFAULT novelty_overlay_debug

struct _GstNoveltyOverlay {
  GstVideoFilter parent;
  novelty::OverlayOptions* options;  // guarded by the object lock
  novelty::OverlayPainter* painter;  // the streaming thread's
};

G_DEFINE_TYPE(GstNoveltyOverlay, gst_novelty_overlay, GST_TYPE_VIDEO_FILTER)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(
    novelty_overlay, "noveltyoverlay", GST_RANK_NONE, GST_TYPE_NOVELTY_OVERLAY,
    GST_DEBUG_CATEGORY_INIT(novelty_overlay_debug, "noveltyoverlay", 0, "Overlay of novelty"))

namespace {

enum Property { kShowMap = 1, kShowRegions, kShowState, kShowHistory, kOpacity };

bool* flag_of(novelty::OverlayOptions& options, guint id) {
  switch (id) {
    case kShowMap:
      return &options.show_map;
    case kShowRegions:
      return &options.show_regions;
    case kShowState:
      return &options.show_state;
    case kShowHistory:
      return &options.show_history;
    default:
      return nullptr;
  }
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  GstNoveltyOverlay* self = GST_NOVELTY_OVERLAY(object);
  bool* flag = flag_of(*self->options, id);
  if (flag == nullptr && id != kOpacity) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    return;
  }
  GST_OBJECT_LOCK(self);
  if (flag != nullptr) {
    *flag = g_value_get_boolean(value);
  } else {
    self->options->opacity = g_value_get_double(value);
  }
  GST_OBJECT_UNLOCK(self);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  GstNoveltyOverlay* self = GST_NOVELTY_OVERLAY(object);
  GST_OBJECT_LOCK(self);
  const novelty::OverlayOptions options = *self->options;
  GST_OBJECT_UNLOCK(self);
  novelty::OverlayOptions copy = options;
  if (const bool* flag = flag_of(copy, id); flag != nullptr) {
    g_value_set_boolean(value, *flag);
  } else if (id == kOpacity) {
    g_value_set_double(value, options.opacity);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void finalize(GObject* object) {
  GstNoveltyOverlay* self = GST_NOVELTY_OVERLAY(object);
  delete self->options;
  delete self->painter;
  G_OBJECT_CLASS(gst_novelty_overlay_parent_class)->finalize(object);
}

gboolean set_info(GstVideoFilter* filter, GstCaps*, GstVideoInfo* in, GstCaps*, GstVideoInfo*) {
  GST_NOVELTY_OVERLAY(filter)->painter->configure(*in);
  return TRUE;
}

GstFlowReturn transform_frame_ip(GstVideoFilter* filter, GstVideoFrame* frame) {
  GstNoveltyOverlay* self = GST_NOVELTY_OVERLAY(filter);
  GST_OBJECT_LOCK(self);
  const novelty::OverlayOptions options = *self->options;
  GST_OBJECT_UNLOCK(self);
  try {
    const auto meta = novelty::read_novelty_meta(frame->buffer);
    if (meta) self->painter->draw(*frame, *meta, options);
  } catch (const std::exception& error) {
    GST_WARNING_OBJECT(self, "frame left as it is: %s", error.what());
  }
  return GST_FLOW_OK;
}

gboolean sink_event(GstBaseTransform* base, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) GST_NOVELTY_OVERLAY(base)->painter->reset();
  return GST_BASE_TRANSFORM_CLASS(gst_novelty_overlay_parent_class)->sink_event(base, event);
}

gboolean stop(GstBaseTransform* base) {
  GST_NOVELTY_OVERLAY(base)->painter->reset();
  return TRUE;
}

void install_flag(GObjectClass* object, guint id, const char* name, const char* nick,
                  const char* blurb) {
  g_object_class_install_property(
      object, id,
      g_param_spec_boolean(
          name, nick, blurb, TRUE,
          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                   GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE)));
}

void install_properties(GObjectClass* object) {
  install_flag(object, kShowMap, "show-map", "Show map", "Draw the anomaly map as heat");
  install_flag(object, kShowRegions, "show-regions", "Show regions", "Outline the novel regions");
  install_flag(object, kShowState, "show-state", "Show state",
               "Draw the state badge and the score beside its threshold");
  install_flag(object, kShowHistory, "show-history", "Show history",
               "Draw the scores of the last 20 seconds with the threshold");
  g_object_class_install_property(
      object, kOpacity,
      g_param_spec_double(
          "opacity", "Opacity", "Opacity of the map where novelty is strongest", 0, 1,
          novelty::OverlayOptions{}.opacity,
          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                   GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE)));
}

void add_pads(GstElementClass* element) {
  GstCaps* caps = gst_caps_from_string(GST_VIDEO_CAPS_MAKE(NOVELTY_VIDEO_FORMATS));
  for (const auto& [name, direction] : {std::pair{"sink", GST_PAD_SINK}, {"src", GST_PAD_SRC}}) {
    gst_element_class_add_pad_template(element,
                                       gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps));
  }
  gst_caps_unref(caps);
}

}  // namespace

static void gst_novelty_overlay_class_init(GstNoveltyOverlayClass* klass) {
  GObjectClass* object = G_OBJECT_CLASS(klass);
  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  install_properties(object);
  GstElementClass* element = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element, "Novelty overlay", "Filter/Effect/Video",
      "Draws the anomaly map, regions, state and score of NoveltyMeta onto video",
      "The gst-novelty authors");
  add_pads(element);
  GstBaseTransformClass* base = GST_BASE_TRANSFORM_CLASS(klass);
  base->sink_event = sink_event;
  base->stop = stop;
  GstVideoFilterClass* filter = GST_VIDEO_FILTER_CLASS(klass);
  filter->set_info = set_info;
  filter->transform_frame_ip = transform_frame_ip;
}

static void gst_novelty_overlay_init(GstNoveltyOverlay* self) {
  self->options = new novelty::OverlayOptions;
  self->painter = new novelty::OverlayPainter;
  gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), FALSE);
}
