// SPDX-License-Identifier: Apache-2.0
// `novelty train`: from footage to a model and a report.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "command_line.h"
#include "commands.h"
#include "footage.h"
#include "interrupt.h"
#include "novelty/error.h"
#include "novelty/trainer.h"
#include "progress.h"
#include "report.h"
#include "student_options.h"
#include "teacher_search.h"

namespace {

using novelty::TrainingProgress;
using novelty::TrainingStage;

constexpr novelty::CommandHelp kHelp{
    "novelty train", "INPUT... -o MODEL",
    "Learns what footage normally looks like. INPUT is one or more videos, or folders or tars of\n"
    "images (not both), that show the scene as it normally is. Writes the model and a report in\n"
    "HTML. Ctrl-C (even a power cut) keeps what was learnt so far: go on with --resume.",
    "The teacher is a Vision Transformer's pre-trained weights in timm's naming. Without "
    "--teacher\n"
    "the first *.safetensors in $NOVELTY_WEIGHTS or ~/.cache/novelty is taken; without any, the\n"
    "small one that comes with the program (--teacher nano). 'novelty weights' gets larger "
    "ones.\n\n"
    "Examples:\n"
    "  novelty train normal.mp4 -o camera.novelty\n"
    "  novelty train day.mp4 night.mp4 -o camera.novelty --frames 0-999\n"
    "  novelty train good-parts/ -o parts.novelty --teacher vit_small.safetensors\n"
    "  novelty train normal.mp4 -o camera.novelty --teacher vit_tiny\n"
    "  novelty train normal.mp4 -o camera.novelty --resume\n"};

struct Settings {
  std::vector<std::string> inputs;
  novelty::FootageOptions footage;
  novelty::TrainingOptions training;
  std::string teacher;
  std::string report;
};

/// What GOption fills.
struct RawOptions {
  novelty::TextOption output, frames, teacher, preset, fine_tuning, report;
  novelty::StudentOptions student;
  gint threads = 0;
  gint64 seed = 0;
  gint64 max_frames = 2000;
  gint64 input_size = 0;
  gdouble target = 1;
  gboolean resume = FALSE;

  std::vector<GOptionEntry> entries() {
    using novelty::option;
    std::vector<GOptionEntry> all{
        option("output", 'o', G_OPTION_ARG_FILENAME, output.slot(), "The model to write", "MODEL"),
        option("frames", 0, G_OPTION_ARG_STRING, frames.slot(),
               "Learn only from these frames of each video (from 0)", "A-B,..."),
        option("max-frames", 0, G_OPTION_ARG_INT64, &max_frames,
               "Sample longer footage evenly to N frames (2000)", "N"),
        option("teacher", 0, G_OPTION_ARG_FILENAME, teacher.slot(),
               "The teacher's weights, a folder of them, or a name of 'novelty weights list'",
               "FILE"),
        option("input-size", 0, G_OPTION_ARG_INT64, &input_size,
               "Pixels a side that the networks see, a multiple of the teacher's patches (what the "
               "teacher was trained at)",
               "N"),
        option("target-false-alarms-per-hour", 0, G_OPTION_ARG_DOUBLE, &target,
               "False events an hour that the threshold aims at (1)", "RATE"),
        option("resume", 0, G_OPTION_ARG_NONE, &resume, "Go on where a stopped run left off"),
        option("preset", 0, G_OPTION_ARG_STRING, preset.slot(),
               "camera (default for videos): a fixed camera; semantic (for images): one kind of "
               "thing; inspection: defects of parts; paper: the method as published",
               "NAME"),
        option(
            "fine-tune", 0, G_OPTION_ARG_STRING, fine_tuning.slot(),
            "What the teacher learns first: contrast (semantic's), defend (paper's), defend-soft "
            "or none (camera's)",
            "KIND"),
        option("seed", 0, G_OPTION_ARG_INT64, &seed, "Seed of all that is random (0)", "N"),
        option("threads", 0, G_OPTION_ARG_INT, &threads, "Threads; 0 = all cores", "N"),
        option("report", 0, G_OPTION_ARG_FILENAME, report.slot(),
               "The report to write (MODEL's name with .html)", "FILE"),
    };
    const auto more = student.entries();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

std::string report_path(const std::string& model) {
  return std::filesystem::path(model).replace_extension(".html").string();
}

Settings parse(int argc, char** argv) {
  RawOptions raw;
  Settings settings;
  settings.inputs = novelty::parse_command_line(argc, argv, kHelp, raw.entries());
  if (settings.inputs.empty()) throw novelty::UsageError("give at least one INPUT");
  if (!raw.output.given()) throw novelty::UsageError("say where the model goes: -o MODEL");
  using novelty::option_in_range;
  if (raw.frames.given()) settings.footage.frames = novelty::FrameRanges::parse(raw.frames.text());
  settings.footage.max_frames =
      static_cast<std::size_t>(option_in_range("max-frames", raw.max_frames, 1, 1'000'000));
  auto& training = settings.training;
  training.output = raw.output.text();
  raw.student.apply(training);
  training.input_size = static_cast<int>(option_in_range("input-size", raw.input_size, 0, 1024));
  training.preset = raw.preset.text();
  training.fine_tuning = raw.fine_tuning.text();
  training.threads = static_cast<int>(option_in_range("threads", raw.threads, 0, 64));
  training.seed = static_cast<std::uint64_t>(option_in_range("seed", raw.seed, 0, G_MAXINT64));
  training.target_per_hour = raw.target;
  training.resume = raw.resume != FALSE;
  settings.teacher = raw.teacher.text();
  settings.report = raw.report.given() ? raw.report.text() : report_path(training.output);
  if (settings.report == training.output)
    throw novelty::UsageError("the model and the report cannot be the same file");
  return settings;
}

void choose_teacher(Settings& settings) {
  const auto found = novelty::find_teacher(novelty::teacher_places(settings.teacher));
  settings.training.teacher_path = found.path;
  std::printf("teacher: %s\n", found.text().c_str());
  if (found.embedded) std::puts("  to use a larger one: novelty weights get vit_tiny_patch16_224");
}

/// Without --preset the kind of input decides.
void choose_preset(Settings& settings) {
  std::string& preset = settings.training.preset;
  if (!preset.empty()) return;
  const bool images = novelty::are_images(settings.inputs);
  preset = images ? "semantic" : "camera";
  std::printf(images ? "preset:  semantic (images of one kind of thing; --preset camera for those "
                       "of a fixed camera)\n"
                     : "preset:  camera (video of a fixed camera)\n");
}

const char* name_of(TrainingStage stage) {
  switch (stage) {
    case TrainingStage::kFineTuning:
      return "fine-tuning";
    case TrainingStage::kFeatures:
      return "features";
    case TrainingStage::kDistillation:
      return "distilling";
    case TrainingStage::kCalibration:
      return "calibrating";
    case TrainingStage::kWriting:
      break;
  }
  return "writing";
}

novelty::TrainingCallback show_in(novelty::Progress& progress) {
  return [&progress](const TrainingProgress& state) {
    std::string detail;
    if (state.loss > 0) {
      detail = std::to_string(state.loss);
      detail = "loss " + detail.substr(0, 6);
    }
    progress.show(name_of(state.stage), state.done, state.total, detail);
    return !novelty::interrupted();
  };
}

novelty::TrainingReport train_shown(novelty::Footage& footage, const Settings& settings) {
  novelty::Progress progress;
  try {
    auto report = novelty::train(footage, settings.training, show_in(progress));
    progress.finish();
    return report;
  } catch (const novelty::Error& error) {
    progress.finish();
    if (error.kind() != novelty::ErrorKind::kCancelled) throw;
    throw novelty::Error(novelty::ErrorKind::kCancelled, "stopped",
                         "checkpoint kept, continue with --resume");
  }
}

void print_summary(const Settings& settings, const novelty::TrainingReport& report,
                   std::size_t frames) {
  for (const std::string& warning : report.warnings) std::printf("warning: %s\n", warning.c_str());
  std::printf("threshold %.6g, from %zu frames, %zu of them held out\n", report.threshold, frames,
              report.holdout_scores.size());
  std::printf("%s\n", report.promise.c_str());
  std::printf("model:   %s\n", settings.training.output.c_str());
  std::printf("report:  %s\n", settings.report.c_str());
}

}  // namespace

int run_train(int argc, char** argv) {
  Settings settings = parse(argc, argv);
  novelty::check_writable(settings.training.output);
  novelty::check_writable(settings.report);
  const auto footage = novelty::open_footage(settings.inputs, settings.footage);
  choose_preset(settings);
  choose_teacher(settings);
  std::fflush(stdout);
  novelty::TrainingReport report = train_shown(*footage, settings);
  for (const std::string& warning : footage->warnings()) report.warnings.push_back(warning);
  novelty::write_report(report, *footage, settings.report);
  print_summary(settings, report, footage->count());
  return 0;
}
