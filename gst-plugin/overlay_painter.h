// SPDX-License-Identifier: Apache-2.0
// Draws what NoveltyMeta says onto a frame: the state of one noveltyoverlay between frames.
#pragma once

#include <gst/video/video.h>

#include <map>
#include <memory>
#include <string>

#include "noveltymeta.h"
#include "overlay_heat.h"
#include "overlay_panel.h"

namespace novelty {

/// The element's properties, one to one.
struct OverlayOptions {
  bool show_map = true;
  bool show_regions = true;
  bool show_state = true;
  bool show_history = true;
  double opacity = 0.6;  ///< of the map's strongest novelty, [0, 1]
};

/// Not thread-safe; one per stream.
class OverlayPainter {
 public:
  /// Takes the format of the frames to come. The history stays.
  void configure(const GstVideoInfo& info);

  /// Draws onto `frame`, mapped for reading and writing, of the configured format.
  void draw(GstVideoFrame& frame, const NoveltyMeta& meta, const OverlayOptions& options);

  /// Forgets the history (flush, stop).
  void reset() {
    history_.clear();
    shown_ = {};
  }

 private:
  void draw_label(GstVideoFrame& frame, const Region& region);
  void draw_panel(GstVideoFrame& frame, const NoveltyMeta& meta, const OverlayOptions& options);

  std::unique_ptr<InkMixer> mixer_;
  HeatPainter heat_;
  double heat_opacity_ = -1;                // what heat_ is configured for
  std::map<std::string, InkLayer> labels_;  // by text; few, see draw_label
  ScoreHistory history_;
  // The panel as last rendered, and of what; see Note [Ten panels a second].
  struct Shown {
    bool state = false, history = false;
    ShownState look = ShownState::kNormal;
    int frame_height = 0;
    std::uint64_t pts = 0;
    bool operator==(const Shown&) const = default;
  };
  InkLayer panel_;
  Shown shown_;
};

}  // namespace novelty
