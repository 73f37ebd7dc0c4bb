// SPDX-License-Identifier: Apache-2.0
// Draws what NoveltyMeta says onto a frame: the state of one noveltyoverlay between frames.
#include "overlay_painter.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace novelty {
namespace {

constexpr int kMinPanelLines = 48;  // lower frames hold no readable text

int even(double value) {
  return static_cast<int>(std::lround(value / 2)) * 2;
}

// A region in even pixels of a frame, cut to it.
struct Box {
  int left, top, right, bottom;
};

Box box_of(const Region& region, int width, int height) {
  const auto edge = [](float at, int size) {
    return std::clamp(even(std::clamp(static_cast<double>(at), 0.0, 1.0) * size), 0, size & ~1);
  };
  return {edge(region.x, width), edge(region.y, height), edge(region.x + region.width, width),
          edge(region.y + region.height, height)};
}

void draw_frame(GstVideoFrame& frame, const Box& box, int thickness, Ink color) {
  const int width = box.right - box.left;
  const int height = box.bottom - box.top;
  const int across = std::min(thickness, height);
  const int down = std::min(thickness, width);
  fill_ink(frame, box.left, box.top, width, across, color);
  if (height > across) fill_ink(frame, box.left, box.bottom - across, width, across, color);
  const int inner = height - 2 * across;
  if (inner <= 0) return;
  fill_ink(frame, box.left, box.top + across, down, inner, color);
  if (width > down) fill_ink(frame, box.right - down, box.top + across, down, inner, color);
}

bool is_finite(const Region& region) {
  return std::isfinite(region.x) && std::isfinite(region.y) && std::isfinite(region.width) &&
         std::isfinite(region.height);
}

// White inside black, so that it stands out on any picture and any heat.
void draw_region(GstVideoFrame& frame, const Region& region, const InkMixer& mixer) {
  if (!is_finite(region)) return;
  const int height = GST_VIDEO_FRAME_HEIGHT(&frame);
  const Box box = box_of(region, GST_VIDEO_FRAME_WIDTH(&frame), height);
  if (box.right <= box.left || box.bottom <= box.top) return;
  const int thickness = std::max(2, even(height / 300.0));
  draw_frame(frame, box, thickness, mixer.mix_unit(0, 0, 0, 0.6));
  const Box inner{box.left + thickness, box.top + thickness, box.right - thickness,
                  box.bottom - thickness};
  if (inner.right <= inner.left || inner.bottom <= inner.top) return;
  draw_frame(frame, inner, thickness, mixer.mix_unit(0.95, 0.95, 0.95, 0.95));
}

ShownState state_of(const NoveltyMeta& meta) {
  if (!meta.scene_change.empty()) return ShownState::kSceneChange;
  if (meta.held) return ShownState::kHeld;
  return meta.novel ? ShownState::kNovel : ShownState::kNormal;
}

}  // namespace

void OverlayPainter::configure(const GstVideoInfo& info) {
  mixer_ = std::make_unique<InkMixer>(info);
  heat_opacity_ = -1;
  labels_.clear();
  shown_ = {};
}

void OverlayPainter::draw(GstVideoFrame& frame, const NoveltyMeta& meta,
                          const OverlayOptions& options) {
  if (mixer_ == nullptr) return;
  if (options.opacity != heat_opacity_) {
    heat_.configure(*frame.info.finfo, *mixer_, options.opacity);
    heat_opacity_ = options.opacity;
  }
  if (options.show_map) heat_.draw(frame, unpack_map(meta), meta.map_size);
  if (options.show_regions) {
    const std::vector<Region> regions = unpack_regions(meta);
    for (const Region& region : regions) draw_region(frame, region, *mixer_);
    for (const Region& region : regions) draw_label(frame, region);
  }
  if (GST_CLOCK_TIME_IS_VALID(meta.scored_pts)) {
    history_.add({meta.scored_pts, meta.score, meta.threshold});
  }
  draw_panel(frame, meta, options);
}

// Over the region's top left corner, or inside where there is no room above.
void OverlayPainter::draw_label(GstVideoFrame& frame, const Region& region) {
  constexpr std::size_t kMaxLabels = 64;
  const int width = GST_VIDEO_FRAME_WIDTH(&frame);
  const int height = GST_VIDEO_FRAME_HEIGHT(&frame);
  const std::string text = p_value_text(region.p_value);
  if (text.empty() || !is_finite(region) || height < kMinPanelLines) return;
  if (labels_.size() > kMaxLabels) labels_.clear();
  const auto [found, is_new] = labels_.try_emplace(text);
  if (is_new) found->second = {*frame.info.finfo, render_label(text, height, *mixer_).view()};
  const InkLayer& label = found->second;
  const Box box = box_of(region, width, height);
  if (box.right <= box.left || box.bottom <= box.top) return;
  const int above = box.top - even(label.height() + 1);
  const int left = std::clamp(box.left, 0, std::max(0, width - label.width())) & ~1;
  label.blend(frame, left, above >= 0 ? above : box.top);
}

// Note [Ten panels a second]
// The panel is text and curves: nobody reads a score thirty times a second, and cairo takes a
// millisecond for it. It is rendered anew when its state changes, or a tenth of a second after it
// was; in between the same one is blended.
void OverlayPainter::draw_panel(GstVideoFrame& frame, const NoveltyMeta& meta,
                                const OverlayOptions& options) {
  constexpr std::uint64_t kRenewNs = 100'000'000;
  const int height = GST_VIDEO_FRAME_HEIGHT(&frame);
  if (height < kMinPanelLines) return;
  Shown now{options.show_state, options.show_history, state_of(meta), height, shown_.pts};
  const bool timed = GST_CLOCK_TIME_IS_VALID(meta.scored_pts);
  const bool fresh = timed && now == shown_ && meta.scored_pts >= shown_.pts &&
                     meta.scored_pts - shown_.pts < kRenewNs;
  if (!fresh) {
    PanelContent content;
    content.show_state = options.show_state;
    content.state = now.look;
    content.score = meta.score;
    content.threshold = meta.threshold;
    content.history = options.show_history ? &history_ : nullptr;
    panel_ = {*frame.info.finfo, render_panel(content, height, *mixer_).view()};
    now.pts = timed ? meta.scored_pts : 0;
    shown_ = now;
  }
  const int margin = even(panel_text_height(height) * 0.7);
  if (margin + panel_.width() <= GST_VIDEO_FRAME_WIDTH(&frame)) panel_.blend(frame, margin, margin);
}

}  // namespace novelty
