// SPDX-License-Identifier: Apache-2.0
// Writes the evaluation's report.
#include "evaluation_report.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "html_page.h"
#include "svg_chart.h"

namespace novelty {
namespace {

constexpr double kWideChart = 1130;

constexpr const char* kProtocols =
    "<p class=sub><b>Live</b>: what the program does in front of a camera. Trained and calibrated "
    "on each clip's training frames only, frames scored in order, none looked ahead; over all "
    "clips (micro) AUROC ranks by p-value, one axis for all. A novel range is found by an event of "
    "its own that begins between 0.5 s before and 1 s after its start; an event that begins in no "
    "novel range is false. <b>Literature</b>, for comparison with papers only: scores smoothed "
    "over a centred second and scaled to [0, 1] over the whole clip, its future included; no "
    "threshold. <b>In hindsight</b>: what the best of 200 thresholds for each clip would have "
    "given, "
    "chosen with "
    "the labels at hand; no method can know it, it is there so that no row looks worse for the "
    "rule "
    "it is calibrated by. The rows below the first are calibrated by the first one's rule, on the "
    "same "
    "held-out frames and varied views of them, and use the same temporal logic; all see the same "
    "pictures. Rows named plain have the same fit to the held-out frames as they are.</p>";

std::string cell(const std::string& text, const char* tag = "td") {
  return std::string("<") + tag + ">" + text + "</" + tag + ">";
}

std::string seconds(const std::optional<double>& value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value.value_or(0));
  return value ? text.data() : "-";
}

std::string overall_row(const RowMeasures& row, std::size_t clips) {
  return "<tr>" + cell(escape(row.title)) + cell(share_text(row.auroc_macro)) +
         cell(share_text(row.auroc_micro)) + cell(std::to_string(row.found)) +
         cell(std::to_string(row.ranges - row.found)) + cell(std::to_string(row.false_events)) +
         cell(seconds(row.delay_mean_s) + " / " + seconds(row.delay_max_s)) +
         cell(share_text(row.cover)) + cell(share_text(row.normal_share)) + cell(rate_text(row)) +
         cell(std::to_string(row.clips_passed) + " of " + std::to_string(clips)) +
         cell(std::to_string(row.hindsight_found) + ", " + std::to_string(row.hindsight_false)) +
         cell(share_text(row.literature_macro)) + cell(share_text(row.literature_micro)) + "</tr>";
}

std::string head_row(const std::vector<const char*>& names) {
  std::string html = "<tr>";
  for (const char* name : names) html += cell(name, "th");
  return html + "</tr>";
}

std::string overall_table(const std::vector<RowMeasures>& rows, std::size_t clips) {
  std::string html =
      "<div class='card wide'><table class='figures ours'>" +
      head_row({"", "AUROC macro", "AUROC micro", "found", "missed", "false", "delay s mean / max",
                "cover", "normal in events", "false alarms an hour of normal time (95 %)",
                "clips passed", "in hindsight: found, false", "literature macro",
                "literature micro"});
  for (const RowMeasures& row : rows) html += overall_row(row, clips);
  return html + "</table></div>";
}

std::string clip_table(const ClipRun& run, std::size_t place,
                       const std::vector<RowMeasures>& rows) {
  std::string html = "<div class='card wide'><table class='figures ours'>" +
                     head_row({"", "AUROC", "found", "missed", "false", "flickering", "unending",
                               "least cover", "normal in events", "threshold", "passed",
                               "in hindsight: found, false", "literature AUROC"});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ClipMeasures& one = rows[i].clips.at(place);
    const EventVerdict& verdict = one.verdict;
    const auto least = std::min_element(verdict.cover.begin(), verdict.cover.end());
    html += "<tr>" + cell(escape(rows[i].title)) + cell(share_text(one.auroc)) +
            cell(std::to_string(verdict.found())) +
            cell(std::to_string(verdict.own.size() - verdict.found())) +
            cell(std::to_string(verdict.false_events.size())) +
            cell(std::to_string(verdict.flickering.size())) +
            cell(std::to_string(verdict.unending.size())) +
            cell(least == verdict.cover.end() ? "-" : share_text(*least)) +
            cell(share_text(verdict.normal_share())) +
            cell(short_number(run.tracks.at(i).threshold)) + cell(verdict.passes() ? "yes" : "no") +
            cell(std::to_string(one.hindsight.found) + ", " +
                 std::to_string(one.hindsight.false_events)) +
            cell(share_text(one.literature_auroc)) + "</tr>";
  }
  return html + "</table></div>";
}

void add_bands(const LabelRanges& ranges, const char* css_class, std::vector<ChartBand>& bands) {
  for (const LabelRange& range : ranges)
    bands.push_back(
        {css_class, static_cast<double>(range.first), static_cast<double>(range.last) + 1});
}

std::string score_chart(const ClipRun& run, std::size_t place) {
  const Track& track = run.tracks.at(place);
  ChartLayout layout{kWideChart, {}};
  add_bands(run.labels.train, "train", layout.bands);
  add_bands(run.labels.normal, "normal", layout.bands);
  add_bands(run.labels.novel, "novel", layout.bands);
  return chart_card(escape(track.title),
                    line_chart({{"score", "a", track.scores, 0}}, {{"threshold", track.threshold}},
                               "frame", layout));
}

std::string frames_text(const LabelRange& range) {
  return std::to_string(range.first) + " to " + std::to_string(range.last);
}

/// The event's place among the verdict's: pictures know it by its id.
std::optional<std::size_t> place_of(const ClipPicture& picture, const ClipRun& run,
                                    const EventVerdict& verdict) {
  const auto& frames = run.tracks.front().events;
  for (std::size_t k = 0; k < verdict.events.size(); ++k)
    if (frames[verdict.events[k].first].id == picture.event_id) return k;
  return std::nullopt;
}

std::string event_note(std::size_t place, const EventVerdict& verdict) {
  const LabelRange& event = verdict.events.at(place);
  for (std::size_t i = 0; i < verdict.own.size(); ++i)
    if (verdict.own[i] == place) return "found range " + std::to_string(i + 1);
  const bool is_false =
      std::any_of(verdict.false_events.begin(), verdict.false_events.end(),
                  [&](const LabelRange& one) { return one.first == event.first; });
  return is_false ? "FALSE" : "another of a range";
}

std::string picture_html(const ClipPicture& picture, const ClipRun& run,
                         const EventVerdict& verdict) {
  const std::string peak = "peak " + std::to_string(picture.frame.index);
  if (picture.event_id.empty()) {
    if (verdict.own.at(picture.range)) return {};
    return figure_of(picture.frame,
                     "range " + std::to_string(picture.range + 1) + ": " +
                         frames_text(run.labels.novel.at(picture.range)) + ", " + peak,
                     "MISSED");
  }
  const auto place = place_of(picture, run, verdict);
  if (!place) return {};
  return figure_of(picture.frame, frames_text(verdict.events[*place]) + ", " + peak,
                   event_note(*place, verdict));
}

std::string clip_section(const ClipRun& run, std::size_t place,
                         const std::vector<RowMeasures>& rows) {
  const EventVerdict& verdict = rows.front().clips.at(place).verdict;
  std::string html = "<h2>" + escape(run.name) + "</h2><p class=sub>" +
                     std::to_string(run.labels.frames) + " frames at " + short_number(run.fps) +
                     " a second &middot; model " + escape(run.model_id.substr(0, 12)) + "</p>";
  for (const std::string& warning : run.warnings)
    html += "<p class=note>" + escape(warning) + "</p>";
  html += clip_table(run, place, rows) + score_chart(run, 0);
  html += "<details><summary>Scores of the other rows</summary>";
  for (std::size_t i = 1; i < run.tracks.size(); ++i) html += score_chart(run, i);
  html += "</details><h3>Events, and ranges that were missed</h3><div class=pictures>";
  for (const ClipPicture& picture : run.pictures) html += picture_html(picture, run, verdict);
  return html + "</div>";
}

std::string legend() {
  return "<p class=sub><i class='swatch train'></i> trained on <i class='swatch normal'></i> "
         "labelled normal <i class='swatch novel'></i> labelled novel; the rest is not used. The "
         "curve of a long clip shows means of several frames. Pictures: the most novel frame as "
         "the networks saw it, and with the anomaly map.</p>";
}

}  // namespace

std::string evaluation_page(const std::vector<ClipRun>& runs,
                            const std::vector<RowMeasures>& rows) {
  std::string html = "<p class=sub>teacher " + escape(runs.front().teacher_name) + "</p>";
  if (runs.front().untrained_teacher)
    html += "<p class=note><b>Untrained teacher: demonstration only.</b></p>";
  html += overall_table(rows, runs.size()) + kProtocols + legend();
  for (std::size_t i = 0; i < runs.size(); ++i) html += clip_section(runs[i], i, rows);
  return html_page("Evaluation: " + std::to_string(runs.size()) +
                       (runs.size() == 1 ? " labelled clip" : " labelled clips"),
                   html);
}

}  // namespace novelty
