// SPDX-License-Identifier: Apache-2.0
// The training report: one HTML file that needs nothing else.
#include "report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/file.h"
#include "html_page.h"
#include "svg_chart.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

std::string gallery(const std::string& title, const std::vector<ReportFrame>& frames,
                    Footage& footage) {
  if (frames.empty()) return {};
  std::string html =
      "<h2>" + title +
      "</h2><p class=sub>As the networks saw it, and with the anomaly map: clear where "
      "it is normal, warm colours where it is at or over the extreme of the held-out "
      "footage.</p><div class=pictures>";
  for (const ReportFrame& frame : frames) {
    const std::string label = footage.label(frame.index);
    html += figure_of(frame, label, "score " + short_number(frame.score));
  }
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

std::string charts_of(const TrainingReport& report) {
  const ChartSeries learnt{"learnt from", "a", report.train_scores, 0};
  const ChartSeries held{"held out", "b", report.holdout_scores,
                         static_cast<double>(report.train_scores.size())};
  const std::vector<ChartMark> threshold{{"threshold", report.threshold}};
  std::string cards;
  if (!report.fine_tuning_loss.empty())
    cards = chart_card("Loss of the teacher's fine-tuning",
                       line_chart({{"each step", "a", report.fine_tuning_loss}}, {}, "step"));
  return "<div class=grid>" + cards +
         chart_card("Loss of the student", line_chart({{"each step", "faint", report.step_loss},
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
  return html_page(
      title, "<p class=sub>teacher " + escape(report.teacher_name) + " &middot; model " +
                 escape(report.model_id) + "</p><p>" + escape(report.promise) + "</p>" +
                 notes_of(report) + facts_of(report, footage.count()) + "<h2>Curves</h2>" +
                 charts_of(report) +
                 gallery("Least normal of the held-out pictures", report.least_normal, footage) +
                 gallery("Most normal of the held-out pictures", report.most_normal, footage) +
                 settings_of(report));
}

}  // namespace

void write_report(const TrainingReport& report, Footage& footage, const std::string& path) {
  const std::string name = base_name(path);
  const std::string title = "Training report: " + name.substr(0, name.rfind('.'));
  const std::string page = page_of(report, footage, title);
  write_file_atomically(path, std::as_bytes(std::span(page)));
}

}  // namespace novelty
