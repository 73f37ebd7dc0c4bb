// SPDX-License-Identifier: Apache-2.0
// `novelty feedback`: false alarms become normal, without training.
#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "bundle/bundle.h"
#include "command_line.h"
#include "commands.h"
#include "footage.h"
#include "model_update.h"
#include "novelty/feedback.h"

namespace {

using novelty::FeedbackReport;

constexpr novelty::CommandHelp kHelp{
    "novelty feedback", "MODEL --normal INPUT...",
    "Tells a model that what it flagged is normal: what INPUT shows (videos, or images, not both)\n"
    "no longer raises the score where it was seen. Nothing is trained and the threshold stays;\n"
    "other things are found as before. The model is replaced when all is done; Ctrl-C leaves it\n"
    "as it was.",
    "See what changes before you use the new model: novelty compare --help.\n\n"
    "Examples:\n"
    "  novelty feedback camera.novelty --normal cat.mp4\n"
    "  novelty feedback camera.novelty --normal monday.mp4 --frames 1200-1290 -o new.novelty\n"
    "  novelty feedback camera.novelty --normal shadow1.png shadow2.png\n"
    "  novelty feedback camera.novelty --reset\n"};

struct Settings {
  novelty::FeedbackOptions options;
  std::vector<std::string> inputs;
  novelty::FootageOptions footage{{}, novelty::kAllFrames};
  bool reset = false;
};

Settings parse(int argc, char** argv) {
  novelty::TextOption output, frames, normal;
  gboolean reset = FALSE;
  gint threads = 0;
  auto rest = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("normal", 0, G_OPTION_ARG_FILENAME, normal.slot(),
                       "Footage of the false alarm; more may follow", "INPUT"),
       novelty::option("frames", 0, G_OPTION_ARG_STRING, frames.slot(),
                       "Only these frames of each video (from 0)", "A-B,..."),
       novelty::option("output", 'o', G_OPTION_ARG_FILENAME, output.slot(),
                       "The model to write (MODEL itself)", "MODEL"),
       novelty::option("reset", 0, G_OPTION_ARG_NONE, &reset,
                       "Forget all feedback that the model was given"),
       novelty::option("threads", 0, G_OPTION_ARG_INT, &threads, "Threads; 0 = all cores", "N")});
  if (rest.empty()) throw novelty::UsageError("give a MODEL");
  Settings settings;
  settings.options.model = rest.front();
  settings.options.output = output.given() ? output.text() : rest.front();
  settings.options.threads = static_cast<int>(novelty::option_in_range("threads", threads, 0, 64));
  settings.reset = reset != FALSE;
  if (normal.given()) settings.inputs.push_back(normal.text());
  settings.inputs.insert(settings.inputs.end(), rest.begin() + 1, rest.end());
  if (settings.reset ? !settings.inputs.empty() : !normal.given())
    throw novelty::UsageError("give either --normal INPUT or --reset");
  if (frames.given()) settings.footage.frames = novelty::FrameRanges::parse(frames.text());
  return settings;
}

FeedbackReport learn(const Settings& settings) {
  const auto footage = novelty::open_footage(settings.inputs, settings.footage);
  FeedbackReport report = novelty::update_shown(
      settings.options.model, "learning", [&](const novelty::ModelUpdateCallback& callback) {
        return novelty::declare_normal(*footage, settings.options, callback);
      });
  novelty::print_warnings(*footage);
  return report;
}

void print_report(const FeedbackReport& report) {
  std::printf("%zu pictures, highest score %.4g before, %.4g now (threshold %.4g)\n",
              report.pictures, report.highest_before, report.highest_after, report.threshold);
  std::printf("%zu of them novel before, %zu now\n", report.novel_before, report.novel_after);
  std::printf("%zu patches declared normal, %zu of at most %zu in all\n", report.added,
              report.known + report.added, report.most);
  if (report.full)
    std::puts(
        "warning: the model holds no more of them, some were left out: give less footage, start\n"
        "over with --reset, or train with this footage");
}

}  // namespace

int run_feedback(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  novelty::read_bundle(settings.options.model);  // its faults are told first
  novelty::check_writable(settings.options.output);
  if (settings.reset)
    std::printf("%zu patches are no longer declared normal\n",
                novelty::forget_feedback(settings.options));
  else
    print_report(learn(settings));
  std::printf("model: %s\n", settings.options.output.c_str());
  return 0;
}
