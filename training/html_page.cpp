// SPDX-License-Identifier: Apache-2.0
// What the reports have in common.
#include "html_page.h"

#include <glib.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "picture.h"

namespace novelty {
namespace {

constexpr int kPictureSide = 224;

constexpr const char* kStyle = R"css(
:root { --ink:#1d2433; --soft:#64708a; --line:#e3e7ef; --page:#f5f7fb; --card:#fff;
        --a:#2f6fde; --b:#e08a1e; --mark:#d03b3b; }
* { box-sizing:border-box }
body { margin:0; background:var(--page); color:var(--ink);
       font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif }
main { max-width:1200px; margin:0 auto; padding:36px 24px 48px }
h1 { font-size:27px; margin:0 0 4px; letter-spacing:-.02em }
h2 { font-size:17px; margin:36px 0 12px }
h2 + p.sub { font-size:13.5px; margin:-8px 0 12px }
p.sub { color:var(--soft); margin:0 0 20px; overflow-wrap:anywhere }
.grid { display:grid; gap:16px; grid-template-columns:repeat(auto-fit,minmax(340px,1fr)) }
.facts { display:grid; gap:16px; grid-template-columns:repeat(auto-fit,minmax(170px,1fr)) }
.card { background:var(--card); border:1px solid var(--line); border-radius:12px; padding:16px }
.card b { display:block; font-size:23px; letter-spacing:-.01em; font-weight:650 }
.card span, figcaption { color:var(--soft); font-size:13px }
.card h3 { margin:0 0 6px; font-size:14px }
.note { border-left:4px solid var(--b); background:#fff6e6; padding:10px 14px; margin:0 0 10px;
        border-radius:6px; overflow-wrap:anywhere }
svg { width:100%; height:auto; display:block }
text { font-family:inherit; fill:var(--soft); font-size:11.5px }
text.name { font-size:12px } text.marked { fill:var(--mark); font-size:12px; font-weight:600 }
.grid line.grid, line.grid { stroke:var(--line) } line.axis { stroke:#b9c1d1 }
line.mark { stroke:var(--mark); stroke-dasharray:5 4; stroke-width:1.5 }
.curve { fill:none; stroke-width:1.8; stroke-linejoin:round }
.curve.a { stroke:var(--a) } .curve.b { stroke:var(--b) }
.curve.faint { stroke:var(--a); opacity:.25; stroke-width:1 }
.bar.a,.key.a { fill:var(--a) } .bar.b,.key.b { fill:var(--b) } .bar { opacity:.6 }
.key.faint { fill:var(--a); opacity:.3 }
.pictures { display:grid; gap:16px; grid-template-columns:repeat(auto-fill,minmax(260px,1fr)) }
figure { margin:0; padding:10px; overflow:hidden }
figure div { display:grid; grid-template-columns:1fr 1fr; gap:4px }
figure img { width:100%; display:block; border-radius:6px; aspect-ratio:1 }
figcaption { display:flex; justify-content:space-between; margin-top:8px; gap:8px }
figcaption span { white-space:nowrap } figcaption i { font-style:normal; overflow:hidden; text-overflow:ellipsis; white-space:nowrap }
table { border-collapse:collapse; width:100%; font-size:13.5px }
td { border-top:1px solid var(--line); padding:5px 8px; vertical-align:top; overflow-wrap:anywhere }
.wide { overflow-x:auto; margin:0 0 16px } .wide + .card, details .card { margin:0 0 16px }
.figures td, .figures th { text-align:right; padding:5px 6px; overflow-wrap:normal; font-variant-numeric:tabular-nums }
.figures td { white-space:nowrap } .figures td:first-child { text-align:left; width:auto }
.figures th { color:var(--soft); font-weight:500; vertical-align:bottom; font-size:12.5px }
.figures tr:nth-child(2) td { font-weight:650 }
.band.train, .swatch.train { fill:#dfe8fb; background:#dfe8fb }
.band.normal, .swatch.normal { fill:#e2f3e6; background:#e2f3e6 }
.band.novel, .swatch.novel { fill:#fbe0dc; background:#fbe0dc }
.swatch { display:inline-block; width:14px; height:14px; border-radius:3px; margin:0 2px -2px 10px }
h3 { font-size:14px; margin:16px 0 8px } details { margin:16px 0 } summary { cursor:pointer }
tr:first-child td { border-top:0 } td:first-child { color:var(--soft); width:38% }
)css";

std::string data_uri(const std::vector<std::uint8_t>& jpeg) {
  const std::unique_ptr<gchar, decltype(&g_free)> text(g_base64_encode(jpeg.data(), jpeg.size()),
                                                       g_free);
  return std::string("data:image/jpeg;base64,") + text.get();
}

std::string image_tag(std::span<const std::uint8_t> rgb, int side, const std::string& alt) {
  return "<img alt=\"" + escape(alt) + "\" src=\"" + data_uri(encode_jpeg(rgb, side, side)) + "\">";
}

}  // namespace

std::string escape(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else
      safe += c;
  }
  return safe;
}

std::string html_page(const std::string& title, const std::string& content) {
  return "<!doctype html><html lang=en><meta charset=utf-8>"
         "<meta name=viewport content='width=device-width'><title>" +
         escape(title) + "</title><style>" + kStyle + "</style><main><h1>" + escape(title) +
         "</h1>" + content + "</main></html>\n";
}

std::string chart_card(const std::string& title, const std::string& svg) {
  return "<div class=card><h3>" + title + "</h3>" + svg + "</div>";
}

std::string figure_of(const ReportFrame& frame, const std::string& label, const std::string& note) {
  const auto heat = paint_heat(frame.rgb, frame.size, frame.map, frame.map_size, kPictureSide);
  return "<figure class=card><div>" + image_tag(frame.rgb, frame.size, label) +
         image_tag(heat, kPictureSide, label + ", heat map") + "</div><figcaption><i>" +
         escape(label) + "</i><span>" + escape(note) + "</span></figcaption></figure>";
}

}  // namespace novelty
