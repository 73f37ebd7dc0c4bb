// SPDX-License-Identifier: Apache-2.0
// Writes the figures of an evaluation down: JSON, CSV and a table for a terminal.
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "evaluation_result.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json json_or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const LabelRanges& ranges) {
  Json list = Json::array();
  for (const LabelRange& range : ranges) list.push_back({range.first, range.last});
  return list;
}

template <typename Value>
Json json_list(const std::vector<std::optional<Value>>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(json_or_null(value));
  return list;
}

Json json_of(const RowMeasures& row) {
  return {{"auroc_macro", json_or_null(row.auroc_macro)},
          {"auroc_micro", json_or_null(row.auroc_micro)},
          {"novel_ranges", row.ranges},
          {"found", row.found},
          {"missed", row.ranges - row.found},
          {"false_events", row.false_events},
          {"delay_mean_s", json_or_null(row.delay_mean_s)},
          {"delay_max_s", json_or_null(row.delay_max_s)},
          {"cover", json_or_null(row.cover)},
          {"normal_in_events", json_or_null(row.normal_share)},
          {"false_in_normal", row.false_in_normal},
          {"normal_hours", row.normal_hours},
          {"false_alarms_per_hour",
           row.normal_hours > 0 ? Json(static_cast<double>(row.false_in_normal) / row.normal_hours)
                                : Json(nullptr)},
          {"false_alarms_per_hour_95",
           row.normal_hours > 0 ? Json({row.alarms_per_hour.low, row.alarms_per_hour.high})
                                : Json(nullptr)},
          {"clips_passed", row.clips_passed},
          {"hindsight_found", row.hindsight_found},
          {"hindsight_false_events", row.hindsight_false}};
}

Json json_of(const ClipMeasures& clip, const Track& track) {
  const EventVerdict& verdict = clip.verdict;
  Json own = Json::array();
  for (const auto& place : verdict.own)
    own.push_back(place ? json_of(LabelRanges{verdict.events.at(*place)}).front() : Json(nullptr));
  return {{"threshold", track.threshold},
          {"auroc", json_or_null(clip.auroc)},
          {"literature_auroc", json_or_null(clip.literature_auroc)},
          {"found", verdict.found()},
          {"missed", verdict.own.size() - verdict.found()},
          {"events", json_of(verdict.events)},
          {"own_events", own},
          {"delay_s", json_list(verdict.delay_s)},
          {"cover", verdict.cover},
          {"false_events", json_of(verdict.false_events)},
          {"flickering", json_of(verdict.flickering)},
          {"unending", json_of(verdict.unending)},
          {"normal_in_events", verdict.normal_share()},
          {"passed", verdict.passes()},
          {"hindsight_threshold", clip.hindsight.threshold},
          {"hindsight_found", clip.hindsight.found},
          {"hindsight_false_events", clip.hindsight.false_events}};
}

Json json_of(const std::vector<ClipRun>& runs, std::size_t place,
             const std::vector<RowMeasures>& rows) {
  const ClipRun& run = runs.at(place);
  Json tracks = Json::object();
  for (std::size_t i = 0; i < rows.size(); ++i)
    tracks[rows[i].name] = json_of(rows[i].clips.at(place), run.tracks.at(i));
  return {{"frames", run.labels.frames},        {"fps", run.fps},           {"model", run.model_id},
          {"novel", json_of(run.labels.novel)}, {"warnings", run.warnings}, {"rows", tracks}};
}

std::string number(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string exact(const std::optional<double>& value) {
  return value ? number("%.6g", *value) : "";
}

std::string padded(const std::string& text, int width) {
  std::array<char, 128> cell{};
  std::snprintf(cell.data(), cell.size(), "%*s", width, text.c_str());
  return cell.data();
}

std::string table_line(const std::string& title, const std::vector<std::string>& cells) {
  static constexpr std::array kWidths{7, 7, 7, 7, 7, 7, 13, 7, 8, 25, 13};
  std::string line = padded(title, -34);
  for (std::size_t i = 0; i < cells.size(); ++i) line += padded(cells[i], kWidths.at(i));
  return line + "\n";
}

std::string csv_line(const std::string& clip, const RowMeasures& row, const ClipMeasures& one,
                     const Track& track) {
  const EventVerdict& verdict = one.verdict;
  return clip + "," + row.name + "," + exact(one.auroc) + "," + exact(one.literature_auroc) + "," +
         std::to_string(verdict.own.size()) + "," + std::to_string(verdict.found()) + "," +
         std::to_string(verdict.false_events.size()) + "," + exact(verdict.normal_share()) + "," +
         exact(track.threshold) + "," + (verdict.passes() ? "1" : "0") + "\n";
}

/// A clip's name within CSV.
std::string quoted(const std::string& text) {
  std::string safe = "\"";
  for (const char c : text) safe += c == '"' ? "\"\"" : std::string(1, c);
  return safe + "\"";
}

}  // namespace

std::string share_text(const std::optional<double>& value) {
  return value ? number("%.3f", *value) : "-";
}

std::string rate_text(const RowMeasures& row) {
  if (row.normal_hours <= 0) return "-";
  return number("%.1f", static_cast<double>(row.false_in_normal) / row.normal_hours) + " (" +
         number("%.1f", row.alarms_per_hour.low) + " to " +
         number("%.1f", row.alarms_per_hour.high) + ")";
}

std::string result_json(const std::vector<ClipRun>& runs, const std::vector<RowMeasures>& rows,
                        const EvaluationOptions& options) {
  Json all{{"tool_version", NOVELTY_VERSION},
           {"seed", options.seed},
           {"teacher", runs.front().teacher_name},
           {"teacher_sha256", options.teacher_sha256}};
  for (const RowMeasures& row : rows) {
    all["live"][row.name] = json_of(row);
    all["literature"][row.name] = {{"auroc_macro", json_or_null(row.literature_macro)},
                                   {"auroc_micro", json_or_null(row.literature_micro)}};
  }
  for (std::size_t i = 0; i < runs.size(); ++i) all["clips"][runs[i].name] = json_of(runs, i, rows);
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string result_csv(const std::vector<ClipRun>& runs, const std::vector<RowMeasures>& rows) {
  std::string text =
      "clip,row,auroc,literature_auroc,novel_ranges,found,false_events,normal_in_events,threshold,"
      "passed\n";
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (std::size_t k = 0; k < rows.size(); ++k)
      text += csv_line(quoted(runs[i].name), rows[k], rows[k].clips.at(i), runs[i].tracks.at(k));
  return text;
}

std::string frames_jsonl(const ClipRun& run) {
  const Track& own = run.tracks.front();
  std::string text;
  for (std::size_t n = 0; n < own.scores.size(); ++n) {
    const char* label = label_of(run.labels, n);
    const FrameEvent& event = own.events[n];
    Json line{{"frame", n},
              {"pts_ns", run.pts_ns[n] < 0 ? Json(nullptr) : Json(run.pts_ns[n])},
              {"label", label == nullptr ? Json(nullptr) : Json(label)},
              {"score", own.scores[n]},
              {"p_value", own.p_values[n]},
              {"event_id", event.id.empty() ? Json(nullptr) : Json(event.id)},
              {"held", event.held}};
    for (std::size_t i = 1; i < run.tracks.size(); ++i)
      line["others"][run.tracks[i].name] = {{"score", run.tracks[i].scores[n]},
                                            {"p_value", run.tracks[i].p_values[n]},
                                            {"in_event", !run.tracks[i].events[n].id.empty()}};
    text += line.dump() + "\n";
  }
  return text;
}

std::string plain_table(const std::vector<ClipRun>& runs, const std::vector<RowMeasures>& rows) {
  std::string text = table_line("", {"AUROC", "", "lit.", "", "", "", "delay s", "", "normal",
                                     "false alarms an hour", "in hindsight"});
  text += table_line("", {"macro", "micro", "macro", "micro", "found", "false", "mean (max)",
                          "cover", "in ev.", "of normal time (95 %)", "found, false"});
  for (const RowMeasures& row : rows) {
    const std::string delay = row.delay_mean_s ? number("%.2f", *row.delay_mean_s) + " (" +
                                                     number("%.2f", *row.delay_max_s) + ")"
                                               : "-";
    text += table_line(
        row.title,
        {share_text(row.auroc_macro), share_text(row.auroc_micro), share_text(row.literature_macro),
         share_text(row.literature_micro),
         std::to_string(row.found) + "/" + std::to_string(row.ranges),
         std::to_string(row.false_events), delay, share_text(row.cover),
         share_text(row.normal_share), rate_text(row),
         std::to_string(row.hindsight_found) + ", " + std::to_string(row.hindsight_false)});
  }
  const RowMeasures& own = rows.front();
  text += "\n";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const ClipMeasures& clip = own.clips.at(i);
    text += runs[i].name + ": AUROC " + share_text(clip.auroc) + ", found " +
            std::to_string(clip.verdict.found()) + " of " +
            std::to_string(clip.verdict.own.size()) + ", false " +
            std::to_string(clip.verdict.false_events.size()) +
            (clip.verdict.passes() ? ", passes\n" : ", does not pass\n");
  }
  return text;
}

}  // namespace novelty
