// SPDX-License-Identifier: Apache-2.0
// Renders the state badge, the score and its recent history into a small picture.
#include "overlay_panel.h"

#include <pango/pangocairo.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numbers>
#include <string>

namespace novelty {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using Surface = std::unique_ptr<cairo_surface_t, Freed<cairo_surface_destroy>>;
using Cairo = std::unique_ptr<cairo_t, Freed<cairo_destroy>>;
using Layout = std::unique_ptr<PangoLayout, Freed<g_object_unref>>;
using Font = std::unique_ptr<PangoFontDescription, Freed<pango_font_description_free>>;

// Under text: R'G'B' and alpha.
constexpr std::array<double, 4> kGround{0.05, 0.06, 0.08, 0.72};

struct StateLook {
  const char* text;
  double r, g, b;
};

// Okabe and Ito's colour-blind-safe bluish green, vermilion, orange and blue; the words say it too.
constexpr std::array<StateLook, 4> kLooks{{
    {"NORMAL", 0.00, 0.62, 0.45},
    {"NOVEL", 0.84, 0.37, 0.00},
    {"HELD", 0.90, 0.62, 0.00},
    {"SCENE", 0.00, 0.45, 0.70},
}};
const StateLook& look_of(ShownState state) {
  return kLooks[static_cast<std::size_t>(state)];
}

// Lengths of the panel in pixels, all from the text's height.
struct Metrics {
  double text, pad, badge_width, score_width, history_height;
  double row() const { return text * 1.5; }
  double width(bool state) const {
    return 2 * pad + badge_width + score_width * (state ? 1.0 : 0.6);
  }
};

Metrics metrics_of(int frame_height) {
  const double text = panel_text_height(frame_height);
  return {text, std::round(text * 0.5), text * 5.4, text * 9.0, text * 3.2};
}

Surface make_surface(double width, double height) {
  return Surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, static_cast<int>(width),
                                            static_cast<int>(height)));
}

void rounded_box(cairo_t* cr, double x, double y, double w, double h, double radius) {
  constexpr double kQuarter = std::numbers::pi / 2;
  cairo_new_sub_path(cr);
  cairo_arc(cr, x + w - radius, y + radius, radius, -kQuarter, 0);
  cairo_arc(cr, x + w - radius, y + h - radius, radius, 0, kQuarter);
  cairo_arc(cr, x + radius, y + h - radius, radius, kQuarter, 2 * kQuarter);
  cairo_arc(cr, x + radius, y + radius, radius, 2 * kQuarter, 3 * kQuarter);
  cairo_close_path(cr);
}

Layout make_text(cairo_t* cr, const std::string& text, double height, bool bold) {
  Layout layout(pango_cairo_create_layout(cr));
  const Font font(pango_font_description_new());
  pango_font_description_set_family(font.get(), "sans-serif");
  pango_font_description_set_weight(font.get(), bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_font_description_set_absolute_size(font.get(), height * PANGO_SCALE);
  pango_layout_set_font_description(layout.get(), font.get());
  pango_layout_set_text(layout.get(), text.c_str(), static_cast<int>(text.size()));
  return layout;
}

// Draws text with its middle at `y`; `x` is its left edge, or its middle when centred.
void draw_text(cairo_t* cr, const Layout& layout, double x, double y, bool centred) {
  int width = 0;
  int height = 0;
  pango_layout_get_pixel_size(layout.get(), &width, &height);
  cairo_move_to(cr, centred ? x - width / 2.0 : x, y - height / 2.0);
  pango_cairo_show_layout(cr, layout.get());
}

std::string short_number(double value) {
  if (!std::isfinite(value)) return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

void draw_state(cairo_t* cr, const Metrics& m, const PanelContent& content) {
  const StateLook& look = look_of(content.state);
  const double middle = m.pad + m.row() / 2;
  rounded_box(cr, m.pad, m.pad, m.badge_width, m.row(), m.text * 0.3);
  cairo_set_source_rgb(cr, look.r, look.g, look.b);
  cairo_fill(cr);
  // Black on orange, white on the darker ones.
  const double ink = content.state == ShownState::kHeld ? 0.05 : 1.0;
  cairo_set_source_rgb(cr, ink, ink, ink);
  draw_text(cr, make_text(cr, look.text, m.text, true), m.pad + m.badge_width / 2, middle, true);
  cairo_set_source_rgb(cr, 0.95, 0.95, 0.95);
  const std::string score =
      "score " + short_number(content.score) + " / " + short_number(content.threshold);
  draw_text(cr, make_text(cr, score, m.text, false), 2 * m.pad + m.badge_width, middle, false);
}

// Maps times and scores to a box of the panel; scores over its top are cut.
struct Plot {
  double left, top, width, height;
  std::uint64_t newest;
  double low, high;
  double x(std::uint64_t pts) const {
    constexpr double kSpan = 1e9 * ScoreHistory::kHistorySeconds;
    return left + width * (1 - static_cast<double>(newest - pts) / kSpan);
  }
  double y(double score) const {
    return top + height * (1 - std::clamp((score - low) / (high - low), 0.0, 1.0));
  }
};

// The scale: from the lowest score (0 where none is below) to half over the threshold or the
// highest score, so that the threshold's line stays well inside.
Plot plot_of(const ScoreHistory& history, double left, double top, double width, double height) {
  const auto& points = history.points();
  double low = 0;
  double high = 1e-9;
  for (const HistoryPoint& p : points) {
    low = std::min(low, p.score);
    high = std::max({high, p.score, std::isfinite(p.threshold) ? 1.5 * p.threshold : 0.0});
  }
  return {left, top, width, height, points.back().pts, low, high};
}

void draw_curve(cairo_t* cr, const Plot& plot, const ScoreHistory& history, double line) {
  const auto& points = history.points();
  for (const HistoryPoint& p : points) cairo_line_to(cr, plot.x(p.pts), plot.y(p.score));
  cairo_path_t* curve = cairo_copy_path(cr);
  cairo_line_to(cr, plot.x(points.back().pts), plot.top + plot.height);
  cairo_line_to(cr, plot.x(points.front().pts), plot.top + plot.height);
  cairo_close_path(cr);
  cairo_set_source_rgba(cr, 0.34, 0.71, 0.91, 0.35);
  cairo_fill(cr);
  cairo_append_path(cr, curve);
  cairo_path_destroy(curve);
  cairo_set_source_rgb(cr, 0.56, 0.82, 0.97);
  cairo_set_line_width(cr, line);
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_BEVEL);
  cairo_stroke(cr);
}

void draw_threshold(cairo_t* cr, const Plot& plot, double threshold, double line) {
  if (!std::isfinite(threshold)) return;
  const double y = std::round(plot.y(threshold)) + 0.5;
  const std::array<double, 2> dashes{4 * line, 3 * line};
  cairo_set_dash(cr, dashes.data(), 2, 0);
  cairo_set_source_rgb(cr, 0.90, 0.62, 0.00);
  cairo_set_line_width(cr, line);
  cairo_move_to(cr, plot.left, y);
  cairo_line_to(cr, plot.left + plot.width, y);
  cairo_stroke(cr);
  cairo_set_dash(cr, nullptr, 0, 0);
}

void draw_history(cairo_t* cr, const Metrics& m, const ScoreHistory& history, double top,
                  double width) {
  if (history.points().empty()) return;
  const double line = std::max(1.0, m.text / 11);
  const Plot plot = plot_of(history, m.pad, std::round(top), width - 2 * m.pad, m.history_height);
  cairo_save(cr);
  cairo_rectangle(cr, plot.left, plot.top, std::floor(plot.width), std::floor(plot.height));
  cairo_clip(cr);  // whole pixels: any other clip is far slower
  cairo_set_source_rgba(cr, 1, 1, 1, 0.07);
  cairo_paint(cr);
  draw_curve(cr, plot, history, line);
  draw_threshold(cr, plot, history.points().back().threshold, line);
  cairo_restore(cr);
}

InkPicture to_ink(cairo_surface_t* surface, const InkMixer& mixer) {
  cairo_surface_flush(surface);
  const int width = cairo_image_surface_get_width(surface);
  const int height = cairo_image_surface_get_height(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  const unsigned char* bytes = cairo_image_surface_get_data(surface);
  InkPicture picture;
  if (bytes == nullptr) return picture;
  picture.width = width;
  picture.height = height;
  picture.data.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y) {
    const auto* row =
        reinterpret_cast<const std::uint32_t*>(bytes + static_cast<std::ptrdiff_t>(y) * stride);
    Ink* ink = picture.data.data() + static_cast<std::ptrdiff_t>(y) * width;
    for (int x = 0; x < width; ++x) {
      const auto part = [&](int shift) { return (row[x] >> shift) & 255U; };
      const bool same = x > 0 && row[x] == row[x - 1];
      ink[x] = same ? ink[x - 1] : mixer.mix(part(16), part(8), part(0), part(24));
    }
  }
  return picture;
}

}  // namespace

void ScoreHistory::add(const HistoryPoint& point) {
  constexpr std::uint64_t kSpan = kHistorySeconds * 1'000'000'000;
  constexpr std::uint64_t kSlice = kSpan / kHistoryPoints;
  if (!std::isfinite(point.score)) return;
  if (!points_.empty() && point.pts < newest_) clear();
  if (!points_.empty() && point.pts == newest_) return;
  newest_ = point.pts;
  const bool same = !points_.empty() && points_.back().pts / kSlice == point.pts / kSlice;
  const double before = same ? points_.back().score : point.score;
  if (same) points_.pop_back();
  points_.push_back({point.pts, std::max(before, point.score), point.threshold});
  while (point.pts - points_.front().pts > kSpan) points_.pop_front();
}

int panel_text_height(int frame_height) {
  return std::clamp(frame_height / 33, 11, 96);
}

InkPicture render_panel(const PanelContent& content, int frame_height, const InkMixer& mixer) {
  const bool history = content.history != nullptr && !content.history->points().empty();
  if (!content.show_state && !history) return {};
  const Metrics m = metrics_of(frame_height);
  const double width = std::round(m.width(content.show_state));
  const double history_top = content.show_state ? 2 * m.pad + m.row() : m.pad;
  const double height = std::round(history_top + (history ? m.history_height + m.pad : 0));
  const Surface surface = make_surface(width, height);
  const Cairo cr(cairo_create(surface.get()));
  rounded_box(cr.get(), 0, 0, width, height, m.text * 0.4);
  cairo_set_source_rgba(cr.get(), kGround[0], kGround[1], kGround[2], kGround[3]);
  cairo_fill(cr.get());
  if (content.show_state) draw_state(cr.get(), m, content);
  if (history) draw_history(cr.get(), m, *content.history, history_top, width);
  return to_ink(surface.get(), mixer);
}

std::string p_value_text(double p_value) {
  if (!(p_value > 0 && p_value <= 1)) return {};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), p_value < 1e-3 ? "p %.0e" : "p %.1g", p_value);
  std::string label = text.data();
  const auto exponent = label.find("e-0");  // C writes two digits at least
  if (exponent != std::string::npos) label.erase(exponent + 2, 1);
  return label;
}

InkPicture render_label(const std::string& text, int frame_height, const InkMixer& mixer) {
  const double height = panel_text_height(frame_height) * 0.8;
  const Surface probe = make_surface(1, 1);
  const Cairo measuring(cairo_create(probe.get()));
  int width = 0;
  pango_layout_get_pixel_size(make_text(measuring.get(), text, height, true).get(), &width,
                              nullptr);
  const Surface surface = make_surface(width + height, 1.4 * height);
  const Cairo cr(cairo_create(surface.get()));
  cairo_set_source_rgba(cr.get(), kGround[0], kGround[1], kGround[2], kGround[3]);
  cairo_paint(cr.get());
  cairo_set_source_rgb(cr.get(), 0.95, 0.95, 0.95);
  draw_text(cr.get(), make_text(cr.get(), text, height, true), height / 2, 0.7 * height, false);
  return to_ink(surface.get(), mixer);
}

}  // namespace novelty
