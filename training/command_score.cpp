// SPDX-License-Identifier: Apache-2.0
// `novelty score`: a line of JSON a frame, and a table of the events.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command_line.h"
#include "commands.h"
#include "event_time.h"
#include "footage.h"
#include "json_lines.h"
#include "novelty/area_mask.h"
#include "novelty/detector.h"
#include "progress.h"
#include "scoring_run.h"

namespace {

using novelty::ScoredFrame;
using novelty::ScoringResult;
using Json = nlohmann::ordered_json;

constexpr novelty::CommandHelp kHelp{
    "novelty score", "MODEL INPUT...",
    "Scores footage with a model: videos, or images in folders and tars (not both).\n"
    "Prints the events it finds; --jsonl also writes every frame's score.",
    "A line of --jsonl for a video holds frame, pts_ns, score, p_value, novel, event_id (null\n"
    "outside events), held (in the event only by its hold time) and scene_change (null, or why\n"
    "events are held: moved, covered, relit, infrared), with --adapt also drift (what score was\n"
    "lowered by); for an image frame, path, score, p_value and novel.\n\n"
    "Examples:\n"
    "  novelty score camera.novelty monday.mp4 --jsonl monday.jsonl\n"
    "  novelty score camera.novelty monday.mp4 --frames 0-299\n"
    "  novelty score camera.novelty monday.mp4 --roi '0.4,0.2 0.6,0.2 0.6,1 0.4,1'\n"
    "  novelty score parts.novelty photos/ more.tar --jsonl - | head\n"};

struct Settings {
  std::string model;
  std::vector<std::string> inputs;
  std::string jsonl;
  novelty::FrameRanges frames;
  novelty::AreaMask area;
  int threads = 0;
  bool adapt = false;
};

Settings parse(int argc, char** argv) {
  novelty::TextOption jsonl;
  novelty::TextOption frames;
  novelty::TextOption roi;
  novelty::TextOption ignore;
  gint threads = 0;
  gboolean adapt = FALSE;
  auto rest = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("jsonl", 0, G_OPTION_ARG_FILENAME, jsonl.slot(),
                       "Write a line of JSON a frame; - is standard output", "FILE"),
       novelty::option("frames", 0, G_OPTION_ARG_STRING, frames.slot(),
                       "Only these frames of each video (from 0)", "A-B,..."),
       novelty::option("roi", 0, G_OPTION_ARG_STRING, roi.slot(),
                       "Where novelty counts: polygons \"x,y x,y x,y; ...\" in shares of the "
                       "frame, or a .png, white where it counts",
                       "AREA"),
       novelty::option("ignore", 0, G_OPTION_ARG_STRING, ignore.slot(),
                       "Where novelty does not count, also inside --roi", "AREA"),
       novelty::option("adapt", 0, G_OPTION_ARG_NONE, &adapt,
                       "Videos: follow slow drift of the scores of normal frames"),
       novelty::option("threads", 0, G_OPTION_ARG_INT, &threads,
                       "Threads to score with; 0 = all cores", "N")});
  if (rest.size() < 2) throw novelty::UsageError("give a MODEL and at least one INPUT");
  Settings settings;
  settings.model = rest.front();
  settings.inputs.assign(rest.begin() + 1, rest.end());
  settings.jsonl = jsonl.text();
  if (frames.given()) settings.frames = novelty::FrameRanges::parse(frames.text());
  settings.area = novelty::AreaMask(roi.text(), ignore.text());
  settings.adapt = adapt != FALSE;
  settings.threads = static_cast<int>(novelty::option_in_range("threads", threads, 0, 64));
  return settings;
}

std::string line_of(const ScoredFrame& row, bool images, bool name_input) {
  Json line{{"frame", row.frame}};
  if (images || name_input) line["path"] = row.input;
  if (!images) line["pts_ns"] = row.pts_ns < 0 ? Json(nullptr) : Json(row.pts_ns);
  line["score"] = row.score;
  line["p_value"] = row.p_value;
  line["novel"] = row.novel;
  if (!images) {
    line["event_id"] = row.event_id.empty() ? Json(nullptr) : Json(row.event_id);
    line["held"] = row.held;
    if (row.drift) line["drift"] = *row.drift;
    line["scene_change"] = row.scene_change.empty() ? Json(nullptr) : Json(row.scene_change);
  }
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void print_events(std::FILE* out, const ScoringResult& result, bool name_input) {
  if (result.events.empty()) {
    std::fputs("no events\n", out);
    return;
  }
  std::fputs("event       start         end  peak score   p-value  where\n", out);
  std::size_t number = 0;
  for (const novelty::FoundEvent& found : result.events) {
    const auto& event = found.event;
    std::fprintf(out, "%5zu  %10s  %10s  %10.5g  %8.2g  %s%s%s\n", ++number,
                 novelty::event_time(event.begin_ns).c_str(),
                 novelty::event_time(event.end_ns).c_str(), event.peak_score, found.p_value,
                 found.where.c_str(), name_input ? "  " : "",
                 name_input ? found.input.c_str() : "");
  }
}

void print_summary(const Settings& settings, const ScoringResult& result, bool images) {
  std::FILE* out = settings.jsonl == "-" ? stderr : stdout;
  if (!images) print_events(out, result, settings.inputs.size() > 1);
  std::fprintf(out, "%zu of %zu %s novel\n", result.novel, result.frames,
               images ? "images" : "frames");
  if (result.scene_changed > 0)
    std::fprintf(out, "the scene was changed (camera or light) in %zu frames: no events there\n",
                 result.scene_changed);
  for (const std::string& warning : result.warnings)
    std::fprintf(stderr, "novelty: warning: %s\n", warning.c_str());
  if (!settings.jsonl.empty() && settings.jsonl != "-")
    std::fprintf(out, "scores: %s\n", settings.jsonl.c_str());
}

}  // namespace

int run_score(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  std::optional<novelty::JsonLines> lines;
  if (!settings.jsonl.empty()) lines.emplace(settings.jsonl);
  const bool images = novelty::are_images(settings.inputs);
  if (images && settings.adapt)
    throw novelty::UsageError("--adapt needs videos: images have no time");
  const bool name_input = settings.inputs.size() > 1;
  const auto detector = novelty::Detector::load(settings.model, {"auto", settings.threads});
  novelty::Progress progress;
  std::size_t done = 0;
  const auto sink = [&](const ScoredFrame& row) {
    if (lines) lines->write(line_of(row, images, name_input));
    progress.show("scoring", ++done, 0);
  };
  const ScoringResult result =
      images
          ? novelty::score_images(*detector, settings.inputs, settings.frames, sink, settings.area)
          : novelty::score_videos(*detector, settings.inputs, settings.frames, sink, settings.area,
                                  settings.adapt);
  progress.finish();
  if (lines) lines->commit();
  print_summary(settings, result, images);
  return 0;
}
