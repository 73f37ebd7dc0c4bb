// SPDX-License-Identifier: Apache-2.0
// The training report: one HTML file that needs nothing else.
#include "report.h"

#include <glib.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "base/file.h"
#include "picture.h"
#include "svg_chart.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

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
figcaption i { font-style:normal; overflow:hidden; text-overflow:ellipsis; white-space:nowrap }
table { border-collapse:collapse; width:100%; font-size:13.5px }
td { border-top:1px solid var(--line); padding:5px 8px; vertical-align:top; overflow-wrap:anywhere }
tr:first-child td { border-top:0 } td:first-child { color:var(--soft); width:38% }
)css";

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

std::string data_uri(const std::vector<std::uint8_t>& jpeg) {
  const std::unique_ptr<gchar, decltype(&g_free)> text(g_base64_encode(jpeg.data(), jpeg.size()),
                                                       g_free);
  return std::string("data:image/jpeg;base64,") + text.get();
}

std::string image_tag(std::span<const std::uint8_t> rgb, int side, const std::string& alt) {
  return "<img alt=\"" + escape(alt) + "\" src=\"" + data_uri(encode_jpeg(rgb, side, side)) + "\">";
}

std::string figure_of(const ReportFrame& frame, const std::string& label) {
  const auto heat = paint_heat(frame.rgb, frame.size, frame.map, frame.map_size, kPictureSide);
  return "<figure class=card><div>" + image_tag(frame.rgb, frame.size, label) +
         image_tag(heat, kPictureSide, label + ", heat map") + "</div><figcaption><i>" +
         escape(label) + "</i><span>score " + short_number(frame.score) +
         "</span></figcaption></figure>";
}

std::string gallery(const std::string& title, const std::vector<ReportFrame>& frames,
                    Footage& footage) {
  if (frames.empty()) return {};
  std::string html =
      "<h2>" + title +
      "</h2><p class=sub>As the networks saw it, and with the anomaly map: clear where "
      "it is normal, warm colours where it is at or over the extreme of the held-out "
      "footage.</p><div class=pictures>";
  for (const ReportFrame& frame : frames) html += figure_of(frame, footage.label(frame.index));
  return html + "</div>";
}

std::string fact(const std::string& value, const std::string& name) {
  return "<div class=card><b>" + value + "</b><span>" + name + "</span></div>";
}

std::string facts_of(const TrainingReport& report, std::size_t pictures) {
  const auto over = std::count_if(report.holdout_scores.begin(), report.holdout_scores.end(),
                                  [&](double score) { return score >= report.threshold; });
  const std::size_t held_out = report.holdout_scores.size();
  return "<div class=facts>" + fact(short_number(report.threshold), "threshold") +
         fact(std::to_string(pictures), "pictures in all") +
         fact(std::to_string(held_out), "scores held out to calibrate") +
         fact(std::to_string(over), "held-out scores over the threshold") +
         fact(report.step_loss.empty() ? "-" : short_number(report.step_loss.back()), "last loss") +
         "</div>";
}

/// Moving average over a fortieth of the run.
std::vector<double> smooth(const std::vector<double>& values) {
  const std::size_t window = std::max<std::size_t>(1, values.size() / 40);
  std::vector<double> smoothed;
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i] - (i >= window ? values[i - window] : 0);
    smoothed.push_back(sum / static_cast<double>(std::min(i + 1, window)));
  }
  return smoothed;
}

std::string chart_card(const std::string& title, const std::string& svg) {
  return "<div class=card><h3>" + title + "</h3>" + svg + "</div>";
}

std::string charts_of(const TrainingReport& report) {
  const ChartSeries learnt{"learnt from", "a", report.train_scores, 0};
  const ChartSeries held{"held out", "b", report.holdout_scores,
                         static_cast<double>(report.train_scores.size())};
  const std::vector<ChartMark> threshold{{"threshold", report.threshold}};
  return "<div class=grid>" +
         chart_card("Loss", line_chart({{"each step", "faint", report.step_loss},
                                        {"smoothed", "a", smooth(report.step_loss)}},
                                       {}, "step")) +
         chart_card("Score in order", line_chart({learnt, held}, threshold, "picture")) +
         chart_card("How often each score occurs", histogram({learnt, held}, threshold, "score")) +
         "</div>";
}

/// Rows of a table: nested facts with dotted names, long lists by their length.
void add_rows(const Json& facts, const std::string& name, std::string& rows) {
  if (facts.is_object()) {
    for (const auto& [key, value] : facts.items())
      add_rows(value, name.empty() ? key : std::string(name).append(".").append(key), rows);
    return;
  }
  constexpr std::size_t kShownValues = 8;
  const std::string value = facts.is_string() ? facts.get<std::string>()
                            : facts.is_array() && facts.size() > kShownValues
                                ? std::to_string(facts.size()) + " values"
                                : facts.dump();
  rows += "<tr><td>" + escape(name) + "</td><td>" + escape(value) + "</td></tr>";
}

std::string settings_of(const TrainingReport& report) {
  const Json facts = Json::parse(report.facts_json, nullptr, false);
  if (facts.is_discarded()) return {};
  std::string rows;
  add_rows(facts, "", rows);
  return "<h2>Settings and facts</h2><div class=card><table>" + rows + "</table></div>";
}

std::string notes_of(const TrainingReport& report) {
  std::string html;
  if (report.untrained_teacher)
    html +=
        "<p class=note><b>Untrained teacher: demonstration only.</b> Train again with "
        "<code>--teacher</code> for results to rely on.</p>";
  for (const std::string& warning : report.warnings)
    html += "<p class=note>" + escape(warning) + "</p>";
  return html;
}

std::string page_of(const TrainingReport& report, Footage& footage, const std::string& title) {
  return "<!doctype html><html lang=en><meta charset=utf-8>"
         "<meta name=viewport content='width=device-width'><title>" +
         escape(title) + "</title><style>" + kStyle + "</style><main><h1>" + escape(title) +
         "</h1><p class=sub>teacher " + escape(report.teacher_name) + " &middot; model " +
         escape(report.model_id) + "</p>" + notes_of(report) + facts_of(report, footage.count()) +
         "<h2>Curves</h2>" + charts_of(report) +
         gallery("Least normal of the held-out pictures", report.least_normal, footage) +
         gallery("Most normal of the held-out pictures", report.most_normal, footage) +
         settings_of(report) + "</main></html>\n";
}

}  // namespace

void write_report(const TrainingReport& report, Footage& footage, const std::string& path) {
  const std::string name = base_name(path);
  const std::string title = "Training report: " + name.substr(0, name.rfind('.'));
  const std::string page = page_of(report, footage, title);
  write_file_atomically(path, std::as_bytes(std::span(page)));
}

}  // namespace novelty
