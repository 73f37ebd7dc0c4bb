// SPDX-License-Identifier: Apache-2.0
// Registers the elements. Cheap: no model, no LibTorch, no device is touched here.
#include <gst/gst.h>

#include "gstnoveltydetect.h"
#include "gstnoveltyoverlay.h"
#include "gstnoveltyrecord.h"

static gboolean plugin_init(GstPlugin* plugin) {
  // All of them, even when one fails.
  gboolean done = GST_ELEMENT_REGISTER(novelty_detect, plugin);
  done &= GST_ELEMENT_REGISTER(novelty_overlay, plugin);
  done &= GST_ELEMENT_REGISTER(novelty_record, plugin);
  return done;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, novelty,
                  "Learns what a scene normally looks like and flags what does not belong",
                  plugin_init, NOVELTY_VERSION, "Apache-2.0", "gst-novelty", "gst-novelty")
