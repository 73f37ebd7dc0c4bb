// SPDX-License-Identifier: Apache-2.0
// Plays a clip that is drawn frame by frame through noveltydetect in a real pipeline.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "noveltyevent.h"

namespace novelty::testing {

/// Brightness in [0, 1] of the frame at a stream time in ns.
using Drawing = std::function<double(std::uint64_t time_ns)>;

struct ClipOptions {
  std::string properties;      ///< of noveltydetect, `model` among them
  std::uint64_t frames = 150;  ///< at 25 a second
  bool live = false;           ///< paced by the clock, as a camera
  double rate = 1;             ///< of playback; negative: backwards
};

struct PlayedClip {
  std::vector<NoveltyEvent> told;
  std::uint64_t metas = 0;           ///< frames that carried a result
  std::uint64_t scored = 0;          ///< different results among them
  std::uint64_t longest_gap_ns = 0;  ///< between two frames that were scored
  std::string failure;               ///< why it did not come to its end, or empty
};

PlayedClip play_drawn(const Drawing& drawing, const ClipOptions& options);

}  // namespace novelty::testing
