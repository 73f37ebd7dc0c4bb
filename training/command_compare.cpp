// SPDX-License-Identifier: Apache-2.0
// `novelty compare`: what another model would change.
#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "command_line.h"
#include "commands.h"
#include "comparison.h"
#include "event_time.h"
#include "footage.h"
#include "json_lines.h"
#include "novelty/detector.h"
#include "novelty/error.h"
#include "progress.h"
#include "scoring_run.h"

namespace {

using novelty::EventMatch;
using novelty::FoundEvent;
using novelty::ScoredFrame;
using novelty::ScoringResult;
using Json = nlohmann::ordered_json;

constexpr novelty::CommandHelp kHelp{
    "novelty compare", "OLD NEW INPUT...",
    "Scores videos with two models, of the same teacher or not, and shows which events both find\n"
    "(kept), only OLD (gone) and only NEW (new): what would change with the new model.",
    "Events are the same when they overlap in time. A line of --jsonl holds frame, path, pts_ns,\n"
    "and in old and new score, p_value, novel, event_id and held as novelty score writes them.\n\n"
    "Examples:\n"
    "  novelty compare camera.novelty new.novelty monday.mp4\n"
    "  novelty compare camera.novelty new.novelty monday.mp4 --frames 0-999 --jsonl both.jsonl\n"};

struct Settings {
  std::string before, after;
  std::vector<std::string> inputs;
  novelty::FrameRanges frames;
  std::string jsonl;
  int threads = 0;
};

Settings parse(int argc, char** argv) {
  novelty::TextOption jsonl, frames;
  gint threads = 0;
  auto rest = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("frames", 0, G_OPTION_ARG_STRING, frames.slot(),
                       "Only these frames of each video (from 0)", "A-B,..."),
       novelty::option("jsonl", 0, G_OPTION_ARG_FILENAME, jsonl.slot(),
                       "Write a line of JSON a frame; - is standard output", "FILE"),
       novelty::option("threads", 0, G_OPTION_ARG_INT, &threads, "Threads; 0 = all cores", "N")});
  if (rest.size() < 3)
    throw novelty::UsageError("give an OLD and a NEW model and at least one INPUT");
  Settings settings;
  settings.before = rest[0];
  settings.after = rest[1];
  settings.inputs.assign(rest.begin() + 2, rest.end());
  if (frames.given()) settings.frames = novelty::FrameRanges::parse(frames.text());
  settings.jsonl = jsonl.text();
  settings.threads = static_cast<int>(novelty::option_in_range("threads", threads, 0, 64));
  return settings;
}

Json judged(const ScoredFrame& row) {
  return {{"score", row.score},
          {"p_value", row.p_value},
          {"novel", row.novel},
          {"event_id", row.event_id.empty() ? Json(nullptr) : Json(row.event_id)},
          {"held", row.held}};
}

std::string line_of(const ScoredFrame& before, const ScoredFrame& after) {
  Json line{{"frame", after.frame}, {"path", after.input}};
  line["pts_ns"] = after.pts_ns < 0 ? Json(nullptr) : Json(after.pts_ns);
  line["old"] = judged(before);
  line["new"] = judged(after);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ScoringResult score(const Settings& settings, const std::string& model, const char* stage,
                    std::size_t total, const novelty::ScoredFrameSink& sink) {
  const auto detector = novelty::Detector::load(model, {"auto", settings.threads});
  novelty::Progress progress;
  std::size_t done = 0;
  try {
    auto result = novelty::score_videos(*detector, settings.inputs, settings.frames,
                                        [&](const ScoredFrame& row) {
                                          sink(row);
                                          progress.show(stage, ++done, total);
                                        });
    progress.finish();
    return result;
  } catch (...) {
    progress.finish();
    throw;
  }
}

/// One side of a row: begin, end, peak and p-value of its events, and how many they are.
std::string side_text(const std::vector<const FoundEvent*>& events) {
  std::array<char, 128> text{};
  if (events.empty()) {
    std::snprintf(text.data(), text.size(), "%10s  %10s  %9s  %7s", "-", "-", "-", "-");
    return text.data();
  }
  std::int64_t end_ns = 0;
  double peak = std::numeric_limits<double>::lowest(), p_value = 1;
  for (const FoundEvent* found : events) {
    end_ns = std::max(end_ns, found->event.end_ns);
    peak = std::max(peak, found->event.peak_score);
    p_value = std::min(p_value, found->p_value);
  }
  std::snprintf(text.data(), text.size(), "%10s  %10s  %9.4g  %7.2g",
                novelty::event_time(events.front()->event.begin_ns).c_str(),
                novelty::event_time(end_ns).c_str(), peak, p_value);
  return text.data();
}

std::string note_of(const EventMatch& match, bool name_input) {
  std::string note;
  if (match.kept() && match.before.size() + match.after.size() > 2)
    note = "  " + std::to_string(match.before.size()) + " -> " +
           std::to_string(match.after.size()) + " events";
  if (name_input) note += "  " + (match.gone() ? match.before : match.after).front()->input;
  return note;
}

std::string events_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

void print_table(std::FILE* out, const std::vector<EventMatch>& matches, bool name_input) {
  if (matches.empty()) return;
  std::fputs(
      "      OLD begin         end       peak  p-value | NEW begin         end       peak  "
      "p-value\n",
      out);
  for (const EventMatch& match : matches)
    std::fprintf(out, "%-4s %s | %s%s\n", match.kept() ? "kept" : (match.gone() ? "gone" : "new"),
                 side_text(match.before).c_str(), side_text(match.after).c_str(),
                 note_of(match, name_input).c_str());
}

/// The last line, in words. An event that became two is kept.
std::string verdict(const std::vector<EventMatch>& matches) {
  std::size_t kept = 0, gone = 0, fresh = 0;
  for (const EventMatch& match : matches) {
    if (match.kept())
      ++kept;
    else
      gone += match.before.size(), fresh += match.after.size();
  }
  if (matches.empty()) return "Neither model finds an event.";
  if (gone + fresh == 0) return "Nothing changes: both models find " + events_text(kept) + ".";
  return "With the new model " + events_text(kept) + " would be kept, " + std::to_string(gone) +
         " gone and " + std::to_string(fresh) + " new.";
}

}  // namespace

int run_compare(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  if (novelty::are_images(settings.inputs))
    throw novelty::Error(novelty::ErrorKind::kSettings, settings.inputs.front(),
                         "is no video: images have no events to compare",
                         "compare their scores: novelty score --jsonl");
  std::optional<novelty::JsonLines> lines;
  if (!settings.jsonl.empty()) lines.emplace(settings.jsonl);
  novelty::read_bundle(settings.after);  // its faults are told first
  std::vector<ScoredFrame> rows;
  const ScoringResult before =
      score(settings, settings.before, "old model", 0, [&](const ScoredFrame& row) {
        if (lines) rows.push_back(row);
      });
  std::size_t at = 0;
  const ScoringResult after =
      score(settings, settings.after, "new model", before.frames, [&](const ScoredFrame& row) {
        if (lines) lines->write(line_of(rows.at(at++), row));
      });
  if (lines) lines->commit();
  std::FILE* out = settings.jsonl == "-" ? stderr : stdout;
  const auto matches = novelty::match_events(before.events, after.events);
  print_table(out, matches, settings.inputs.size() > 1);
  std::fprintf(out, "%s\n", verdict(matches).c_str());
  for (const std::string& warning : after.warnings)
    std::fprintf(stderr, "novelty: warning: %s\n", warning.c_str());
  return 0;
}
