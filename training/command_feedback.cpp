// SPDX-License-Identifier: Apache-2.0
// `novelty feedback`: false alarms become normal, without training.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "bundle/bundle.h"
#include "command_line.h"
#include "commands.h"
#include "feedback_file.h"
#include "footage.h"
#include "marked_footage.h"
#include "model_update.h"
#include "novelty/feedback.h"

namespace {

using novelty::FeedbackReport;

constexpr novelty::CommandHelp kHelp{
    "novelty feedback", "MODEL --normal INPUT...",
    "Tells a model that what it flagged is normal: what INPUT shows (videos, or images, not both)\n"
    "no longer raises the score where it was seen. INPUT may also be the feedback.json of novelty\n"
    "review, in the folder of its recordings: what was marked there. Nothing is trained and the\n"
    "threshold stays; other things are found as before. The model is replaced when all is done;\n"
    "Ctrl-C leaves it as it was.",
    "See what changes before you use the new model: novelty compare --help.\n\n"
    "Examples:\n"
    "  novelty feedback camera.novelty --normal cat.mp4\n"
    "  novelty feedback camera.novelty --normal monday.mp4 --frames 1200-1290 -o new.novelty\n"
    "  novelty feedback camera.novelty --normal shadow1.png shadow2.png\n"
    "  novelty feedback camera.novelty --normal recordings/feedback.json\n"
    "  novelty feedback camera.novelty --reset\n"};

struct Settings {
  novelty::FeedbackOptions options;
  std::vector<std::string> inputs;  // videos or images
  std::vector<std::string> marked;  // feedback files
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
  if (normal.given()) rest.insert(rest.begin() + 1, normal.text());
  if (settings.reset ? rest.size() > 1 : !normal.given())
    throw novelty::UsageError("give either --normal INPUT or --reset");
  for (auto input = rest.begin() + 1; input != rest.end(); ++input)
    (novelty::is_feedback_file(*input) ? settings.marked : settings.inputs).push_back(*input);
  if (frames.given() && settings.inputs.empty())
    throw novelty::UsageError(
        "--frames is for videos and images: a feedback file has its own times");
  if (frames.given()) settings.footage.frames = novelty::FrameRanges::parse(frames.text());
  return settings;
}

std::unique_ptr<novelty::Footage> open_all(const Settings& settings, const std::string& model_id) {
  std::vector<std::unique_ptr<novelty::Footage>> parts;
  if (!settings.inputs.empty())
    parts.push_back(novelty::open_footage(settings.inputs, settings.footage));
  for (const std::string& file : settings.marked)
    parts.push_back(novelty::open_marked_footage(file, model_id));
  if (parts.size() == 1) return std::move(parts.front());
  return std::make_unique<novelty::JoinedFootage>(std::move(parts));
}

FeedbackReport learn(const Settings& settings, const std::string& model_id) {
  const auto footage = open_all(settings, model_id);
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
  // The model's faults are told first.
  const std::string model_id = novelty::read_bundle(settings.options.model).info.id;
  novelty::check_writable(settings.options.output);
  if (settings.reset)
    std::printf("%zu patches are no longer declared normal\n",
                novelty::forget_feedback(settings.options));
  else
    print_report(learn(settings, model_id));
  std::printf("model: %s\n", settings.options.output.c_str());
  return 0;
}
