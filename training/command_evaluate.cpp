// SPDX-License-Identifier: Apache-2.0
// `novelty evaluate`: labelled clips in, tables and a report out.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"
#include "clip_evaluation.h"
#include "clip_labels.h"
#include "command_line.h"
#include "commands.h"
#include "evaluation_report.h"
#include "evaluation_result.h"
#include "frame_ranges.h"
#include "image_files.h"
#include "novelty/error.h"
#include "progress.h"
#include "teacher_search.h"

namespace {

namespace fs = std::filesystem;
using novelty::ClipRun;
using novelty::LabelledClips;

constexpr const char* kCommands =
    "usage: novelty evaluate COMMAND ...\n\n"
    "Measures how well novelty is found, with labelled clips or classes of images.\n\n"
    "  video   trains on each clip's training frames, scores the clip, judges the events\n"
    "  classes trains on each class of images alone, ranks the images of all classes\n"
    "  labels  makes labels of texts of 0 and 1 and of folders of masks\n\n"
    "Examples:\n"
    "  novelty evaluate video --data clips --out evaluation\n"
    "  novelty evaluate classes --data cifar10.tar --out evaluation\n"
    "  novelty evaluate labels door.mp4=door.txt --train 0-299 -o clips/labels.json\n\n"
    "'novelty evaluate COMMAND --help' explains a command.";

constexpr novelty::CommandHelp kVideoHelp{
    "novelty evaluate video", "[CLIP...] --data FOLDER --out FOLDER",
    "Trains on the \"train\" frames of each labelled clip (or of the CLIPs named), scores the "
    "whole\n"
    "clip as a live stream and judges the events by the labels. Background subtraction is judged\n"
    "beside it, calibrated in the same way. A run that was stopped goes on where it was when\n"
    "started again: models in OUT that are of the same footage, teacher and seed are used.",
    "The labels, frames from 0 and both ends included; frames in no range are not used:\n"
    "  {\"door.mp4\": {\"frames\": 900, \"train\": [[0, 299]], \"normal\": [[300, 449], [600, "
    "899]],\n"
    "                \"novel\": [[450, 590]]}}\n"
    "The most useful test has normal footage that differs from the training frames as days do.\n\n"
    "Writes OUT/report.html, result.json, result.csv, frames/CLIP.jsonl and models/.\n\n"
    "Examples:\n"
    "  novelty evaluate video --data clips --out evaluation\n"
    "  novelty evaluate video door.mp4 --data clips --labels more.json --seed 1 --out "
    "evaluation1\n"};

constexpr novelty::CommandHelp kLabelsHelp{
    "novelty evaluate labels", "CLIP=SOURCE... --train A-B,... -o LABELS",
    "Makes the labels that 'novelty evaluate video' reads. SOURCE is a text with a 0 (normal) or "
    "1\n"
    "(novel) for each frame of the clip, or a folder (or tar) with a mask a frame, in the order "
    "of\n"
    "their names: a frame is novel when any pixel of its mask is not black.",
    "The frames of --train are learnt from; they must be normal, and hold for every clip named.\n\n"
    "Examples:\n"
    "  novelty evaluate labels door.mp4=door.txt --train 0-299 -o clips/labels.json\n"
    "  novelty evaluate labels 01.avi=masks/01 02.avi=masks/02 --train 0-119 -o labels.json\n"};

struct VideoArguments {
  novelty::EvaluationOptions options;
  std::string labels;
  std::vector<std::string> clips;
};

VideoArguments parse_video(int argc, char** argv) {
  novelty::TextOption data, labels, teacher, out;
  gint64 seed = 0;
  using novelty::option;
  VideoArguments arguments;
  arguments.clips = novelty::parse_command_line(
      argc, argv, kVideoHelp,
      {option("data", 0, G_OPTION_ARG_FILENAME, data.slot(), "Where the clips are", "FOLDER"),
       option("labels", 0, G_OPTION_ARG_FILENAME, labels.slot(),
              "Their labels (labels.json in --data)", "FILE"),
       option("teacher", 0, G_OPTION_ARG_FILENAME, teacher.slot(),
              "The teacher's weights, as for 'novelty train'", "FILE"),
       option("seed", 0, G_OPTION_ARG_INT64, &seed, "Seed of all that is random (0)", "N"),
       option("out", 'o', G_OPTION_ARG_FILENAME, out.slot(), "Where all results go", "FOLDER")});
  if (!data.given()) throw novelty::UsageError("say where the clips are: --data FOLDER");
  if (!out.given()) throw novelty::UsageError("say where the results go: --out FOLDER");
  arguments.options.data = data.text();
  arguments.options.out = out.text();
  arguments.options.seed =
      static_cast<std::uint64_t>(novelty::option_in_range("seed", seed, 0, G_MAXINT64));
  arguments.labels =
      labels.given() ? labels.text() : (fs::path(data.text()) / "labels.json").string();
  arguments.options.teacher_path =
      novelty::find_teacher(novelty::teacher_places(teacher.text())).path;
  return arguments;
}

void note_teacher(novelty::EvaluationOptions& options) {
  options.teacher_sha256 = novelty::sha256_hex(novelty::read_file(options.teacher_path));
  std::printf("teacher: %s\n", options.teacher_path.c_str());
  std::fflush(stdout);
}

void make_folders(const std::string& out) {
  for (const char* part : {"models", "frames"}) {
    std::error_code failure;
    fs::create_directories(fs::path(out) / part, failure);
    if (failure)
      throw novelty::Error(novelty::ErrorKind::kWrite, out,
                           "cannot make the folder: " + failure.message(), "choose another --out");
    novelty::check_writable((fs::path(out) / part / "file").string());
  }
}

void write_text(const fs::path& path, const std::string& text) {
  novelty::write_file_atomically(path.string(), std::as_bytes(std::span(text)));
}

void check_all(const novelty::EvaluationOptions& options, const LabelledClips& clips,
               novelty::Progress& progress) {
  std::size_t done = 0;
  for (const auto& [name, labels] : clips) {
    novelty::check_clip(options, name, labels);
    progress.show("checking the clips", ++done, clips.size());
  }
}

std::vector<ClipRun> evaluate_all(const novelty::EvaluationOptions& options,
                                  const LabelledClips& clips, novelty::Progress& progress) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::vector<ClipRun> runs;
  for (const auto& [name, labels] : clips) {
    const std::string prefix =
        name + " (" + std::to_string(runs.size() + 1) + "/" + std::to_string(clips.size()) + ") ";
    runs.push_back(novelty::evaluate_clip(options, name, labels, progress, prefix));
    write_text(fs::path(options.out) / "frames" / (name + ".jsonl"),
               novelty::frames_jsonl(runs.back()));
    progress.finish();
    const double spent = std::chrono::duration<double>(Clock::now() - start).count();
    const auto left = static_cast<double>(clips.size() - runs.size());
    if (left > 0)
      std::fprintf(stderr, "%s done; about %s left for the others\n", name.c_str(),
                   novelty::clock_text(spent / static_cast<double>(runs.size()) * left).c_str());
  }
  return runs;
}

void write_results(const novelty::EvaluationOptions& options, const std::vector<ClipRun>& runs) {
  const auto rows = novelty::measure(runs);
  const fs::path out = options.out;
  write_text(out / "result.json", novelty::result_json(runs, rows, options));
  write_text(out / "result.csv", novelty::result_csv(runs, rows));
  write_text(out / "report.html", novelty::evaluation_page(runs, rows));
  std::fputs(novelty::plain_table(runs, rows).c_str(), stdout);
  for (const ClipRun& run : runs)
    for (const std::string& warning : run.warnings)
      std::printf("warning: %s: %s\n", run.name.c_str(), warning.c_str());
  std::printf("report:  %s\n", (out / "report.html").c_str());
}

int run_video(int argc, char** argv) {
  VideoArguments arguments = parse_video(argc, argv);
  const LabelledClips clips =
      novelty::chosen_clips(novelty::read_labels(arguments.labels), arguments.clips);
  make_folders(arguments.options.out);
  novelty::Progress progress;
  check_all(arguments.options, clips, progress);
  progress.finish();
  note_teacher(arguments.options);
  try {
    write_results(arguments.options, evaluate_all(arguments.options, clips, progress));
  } catch (const novelty::Error& error) {
    progress.finish();
    if (error.kind() != novelty::ErrorKind::kCancelled) throw;
    throw novelty::Error(novelty::ErrorKind::kCancelled, "stopped", "models so far are kept",
                         "run it again to go on");
  }
  return 0;
}

/// The ranges of frames below `most` that `text` ("0-54,100-120") names.
novelty::LabelRanges train_ranges(const std::string& text, std::size_t most) {
  const auto frames = novelty::FrameRanges::parse(text);
  novelty::LabelRanges ranges;
  for (std::size_t i = 0; i < most && !frames.ends_before(i); ++i) {
    if (!frames.contains(i)) continue;
    const bool goes_on = !ranges.empty() && ranges.back().last + 1 == i;
    goes_on ? void(ranges.back().last = i) : ranges.push_back({i, i});
  }
  return ranges;
}

std::vector<std::uint8_t> flags_of(const std::string& source) {
  if (fs::is_directory(source) || novelty::is_tar(source)) return novelty::read_mask_flags(source);
  const auto bytes = novelty::read_file(source);
  return novelty::parse_frame_flags({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                    source);
}

int run_labels(int argc, char** argv) {
  novelty::TextOption train, output;
  const auto sources =
      novelty::parse_command_line(argc, argv, kLabelsHelp,
                                  {novelty::option("train", 0, G_OPTION_ARG_STRING, train.slot(),
                                                   "The frames to learn from (from 0)", "A-B,..."),
                                   novelty::option("output", 'o', G_OPTION_ARG_FILENAME,
                                                   output.slot(), "The file to write", "LABELS")});
  if (sources.empty()) throw novelty::UsageError("give at least one CLIP=SOURCE");
  if (!train.given()) throw novelty::UsageError("say what to learn from: --train A-B");
  if (!output.given()) throw novelty::UsageError("say where the labels go: -o LABELS");
  novelty::check_writable(output.text());
  LabelledClips clips;
  for (const std::string& source : sources) {
    const std::size_t sign = source.find('=');
    if (sign == std::string::npos || sign == 0)
      throw novelty::UsageError("'" + source + "' is not CLIP=SOURCE");
    const std::string file = source.substr(sign + 1);
    const auto flags = flags_of(file);
    clips[source.substr(0, sign)] =
        novelty::labels_of_flags(flags, train_ranges(train.text(), flags.size() + 1), file);
  }
  const std::string text = novelty::labels_text(clips);
  novelty::parse_labels(text, output.text());  // by the checks of reading
  write_text(output.text(), text);
  std::printf("%s: %zu clips\n", output.text().c_str(), clips.size());
  return 0;
}

}  // namespace

int run_evaluate(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "video") return run_video(argc - 1, argv + 1);
  if (name == "classes") return run_classes(argc - 1, argv + 1);
  if (name == "labels") return run_labels(argc - 1, argv + 1);
  if (name == "--help" || name == "-h") return std::puts(kCommands), 0;
  throw novelty::UsageError(name.empty() ? "say what to evaluate: video, classes or labels"
                                         : "there is no 'evaluate " + name + "'");
}
