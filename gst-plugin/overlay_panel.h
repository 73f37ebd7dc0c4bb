// SPDX-License-Identifier: Apache-2.0
// Renders the state badge, the score and its recent history into a small picture.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "overlay_blend.h"

namespace novelty {

/// What an operator sees a stream as.
enum class ShownState { kNormal, kNovel, kHeld, kSceneChange };

/// One scored frame of the history. pts in ns of the scored frame.
struct HistoryPoint {
  std::uint64_t pts = 0;
  double score = 0;
  double threshold = 0;
};

/// The scores of the last `kHistorySeconds` of a stream, at any frame rate kHistoryPoints at most:
/// of the frames that share a slice of time the highest score counts. Not thread-safe.
class ScoreHistory {
 public:
  static constexpr std::uint64_t kHistorySeconds = 20;
  static constexpr std::uint64_t kHistoryPoints = 160;  // three pixels each at 1080 lines

  /// A time before the newest one begins a new history; the same time again, or a score that is
  /// not finite, is not taken.
  void add(const HistoryPoint& point);
  void clear() { points_.clear(); }
  const std::deque<HistoryPoint>& points() const { return points_; }

 private:
  std::deque<HistoryPoint> points_;
  std::uint64_t newest_ = 0;  // pts of the newest score taken
};

/// What the panel shows; `history` may be null.
struct PanelContent {
  bool show_state = true;
  ShownState state = ShownState::kNormal;
  double score = 0;
  double threshold = 0;
  const ScoreHistory* history = nullptr;
};

/// A picture that owns its ink.
struct InkPicture {
  std::vector<Ink> data;
  int width = 0;
  int height = 0;
  InkView view() const { return {data.data(), width, height, width}; }
};

/// Height of the panel's text for a frame of that height, pixels: readable from 240 lines on.
int panel_text_height(int frame_height);

/// Renders the panel for a frame of that height; empty where there is nothing to show.
/// Thread: any. Cost: some tenths of a millisecond, mostly pango's.
InkPicture render_panel(const PanelContent& content, int frame_height, const InkMixer& mixer);

/// What a region's label says: "p 0.02", "p 3e-5". One digit, so that the texts of a lasting event
/// repeat; empty for what is no probability.
std::string p_value_text(double p_value);

/// Renders a line of text on a dark ground for a frame of that height. Thread: any.
InkPicture render_label(const std::string& text, int frame_height, const InkMixer& mixer);

}  // namespace novelty
