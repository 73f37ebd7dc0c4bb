// SPDX-License-Identifier: Apache-2.0
// `novelty calibrate`: new thresholds for a trained model.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "bundle/bundle.h"
#include "command_line.h"
#include "commands.h"
#include "footage.h"
#include "model_update.h"
#include "novelty/recalibration.h"
#include "trainer/promise.h"

namespace {

using novelty::ModelInfo;

constexpr novelty::CommandHelp kHelp{
    "novelty calibrate", "MODEL INPUT...",
    "Sets a model's threshold anew from normal footage that it has not learnt from: videos, or\n"
    "images (not both). What was learnt stays; threshold, p-values and the map's scale change.\n"
    "The longer the footage, the rarer the false alarms that it can promise: at 95 %, 3 divided "
    "by\n"
    "its hours. Without INPUT, but with a target, only the threshold changes. The model is\n"
    "replaced when all is done; Ctrl-C leaves it as it was.",
    "All frames are scored, as live: fewer of them would make of short events none.\n\n"
    "Examples:\n"
    "  novelty calibrate camera.novelty tuesday.mp4\n"
    "  novelty calibrate camera.novelty monday.mp4 tuesday.mp4 -o strict.novelty \\\n"
    "    --target-false-alarms-per-hour 0.5\n"
    "  novelty calibrate camera.novelty --target-false-alarms-per-hour 6\n"};

struct Settings {
  novelty::RecalibrationOptions options;
  std::vector<std::string> inputs;
  novelty::FootageOptions footage;
};

Settings parse(int argc, char** argv) {
  novelty::TextOption output, frames;
  gdouble target = NAN;
  gint64 max_frames = novelty::kAllFrames;
  gint threads = 0;
  auto rest = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("output", 'o', G_OPTION_ARG_FILENAME, output.slot(),
                       "The model to write (MODEL itself)", "MODEL"),
       novelty::option("target-false-alarms-per-hour", 0, G_OPTION_ARG_DOUBLE, &target,
                       "False events an hour that the threshold aims at (as MODEL does)", "RATE"),
       novelty::option("frames", 0, G_OPTION_ARG_STRING, frames.slot(),
                       "Only these frames of each video (from 0)", "A-B,..."),
       novelty::option("max-frames", 0, G_OPTION_ARG_INT64, &max_frames,
                       "Sample longer footage evenly to N frames (all)", "N"),
       novelty::option("threads", 0, G_OPTION_ARG_INT, &threads, "Threads; 0 = all cores", "N")});
  if (rest.empty()) throw novelty::UsageError("give a MODEL");
  Settings settings;
  settings.options.model = rest.front();
  settings.options.output = output.given() ? output.text() : rest.front();
  if (!std::isnan(target)) settings.options.target_per_hour = target;
  settings.options.threads = static_cast<int>(novelty::option_in_range("threads", threads, 0, 64));
  settings.inputs.assign(rest.begin() + 1, rest.end());
  if (settings.inputs.empty() && !settings.options.target_per_hour)
    throw novelty::UsageError("give normal footage as INPUT, or a target");
  if (frames.given()) settings.footage.frames = novelty::FrameRanges::parse(frames.text());
  settings.footage.max_frames = static_cast<std::size_t>(
      novelty::option_in_range("max-frames", max_frames, 1, novelty::kAllFrames));
  return settings;
}

ModelInfo calibrate(const Settings& settings) {
  if (settings.inputs.empty()) return novelty::retarget(settings.options);
  const auto footage = novelty::open_footage(settings.inputs, settings.footage);
  ModelInfo info = novelty::update_shown(
      settings.options.model, "calibrating", [&](const novelty::ModelUpdateCallback& callback) {
        return novelty::recalibrate(*footage, settings.options, callback);
      });
  novelty::print_warnings(*footage);
  return info;
}

}  // namespace

int run_calibrate(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  // Faults of the model and the output are told before hours of footage are read.
  const ModelInfo before = novelty::read_bundle(settings.options.model).info;
  novelty::check_writable(settings.options.output);
  const ModelInfo after = calibrate(settings);
  std::printf("before:  %s\n", novelty::promise_text(before).c_str());
  std::printf("now:     %s\n", novelty::promise_text(after).c_str());
  if (const auto warning = novelty::promise_warning(after))
    std::printf("warning: %s\n", warning->c_str());
  std::printf("model:   %s\n", settings.options.output.c_str());
  return 0;
}
