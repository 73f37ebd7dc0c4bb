// SPDX-License-Identifier: Apache-2.0
// `novelty distill`: makes a compact teacher from a larger one.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "command_line.h"
#include "commands.h"
#include "feature_probe.h"
#include "footage.h"
#include "interrupt.h"
#include "novelty/distill.h"
#include "novelty/error.h"
#include "progress.h"
#include "teacher_search.h"

namespace {

using novelty::DistillProgress;
using novelty::DistillStage;

constexpr novelty::CommandHelp kHelp{
    "novelty distill", "IMAGES... -o FILE.safetensors",
    "Makes a compact Vision Transformer that gives a larger teacher's features: for small "
    "machines,\n"
    "as --teacher of 'novelty train'. IMAGES are folders or tars of any unlabelled photographs; "
    "the\n"
    "more, and the more different, the better. Takes hours; Ctrl-C (even a power cut) keeps what "
    "was\n"
    "learnt so far: go on with --resume.",
    "Examples:\n"
    "  novelty distill photographs/ -o compact.safetensors --teacher vit_small.safetensors\n"
    "  novelty distill photographs/ -o compact.safetensors --teacher vit_small.safetensors "
    "--resume\n"
    "  novelty train normal.mp4 -o camera.novelty --teacher compact.safetensors\n"};

struct Settings {
  std::vector<std::string> inputs;
  novelty::DistillOptions distill;
  std::string probe;
};

Settings parse(int argc, char** argv) {
  Settings settings;
  novelty::DistillOptions& distill = settings.distill;
  novelty::TextOption output, teacher, probe;
  gint width = distill.width, depth = distill.depth, views = distill.views;
  gint epochs = distill.epochs, batch = distill.batch_size, threads = 0;
  gint64 seed = 0;
  gdouble rate = distill.learning_rate;
  gboolean resume = FALSE;
  using novelty::option;
  settings.inputs = novelty::parse_command_line(
      argc, argv, kHelp,
      {option("output", 'o', G_OPTION_ARG_FILENAME, output.slot(), "The weights to write", "FILE"),
       option("teacher", 0, G_OPTION_ARG_FILENAME, teacher.slot(),
              "The larger teacher's weights, or a folder of them", "FILE"),
       option("width", 0, G_OPTION_ARG_INT, &width,
              "Width; the teacher's starts from its blocks and learns much faster (192)", "N"),
       option("depth", 0, G_OPTION_ARG_INT, &depth, "Blocks (4)", "N"),
       option("views", 0, G_OPTION_ARG_INT, &views, "Varied views of each picture (2)", "N"),
       option("epochs", 0, G_OPTION_ARG_INT, &epochs, "Passes over all views (10)", "N"),
       option("batch-size", 0, G_OPTION_ARG_INT, &batch, "Views a step (16)", "N"),
       option("learning-rate", 0, G_OPTION_ARG_DOUBLE, &rate, "Peak (0.0005)", "RATE"),
       option("probe", 0, G_OPTION_ARG_FILENAME, probe.slot(),
              "After each pass, measure the features on these images in classes\n"
              "                                   (train/CLASS/IMAGE; not learnt from)",
              "FOLDER|TAR"),
       option("resume", 0, G_OPTION_ARG_NONE, &resume, "Go on where a stopped run left off"),
       option("seed", 0, G_OPTION_ARG_INT64, &seed, "Seed of all that is random (0)", "N"),
       option("threads", 0, G_OPTION_ARG_INT, &threads, "Threads; 0 = all cores", "N")});
  if (settings.inputs.empty()) throw novelty::UsageError("give at least one folder of IMAGES");
  if (!output.given()) throw novelty::UsageError("say where the weights go: -o FILE.safetensors");
  distill.output = output.text();
  distill.teacher_path = teacher.text();
  distill.width = width;
  distill.depth = depth;
  distill.views = views;
  distill.epochs = epochs;
  distill.batch_size = batch;
  distill.learning_rate = rate;
  distill.threads = threads;
  distill.seed = static_cast<std::uint64_t>(novelty::option_in_range("seed", seed, 0, G_MAXINT64));
  settings.probe = probe.text();
  distill.resume = resume != FALSE;
  return settings;
}

void choose_teacher(novelty::DistillOptions& options) {
  const auto found = novelty::find_teacher(novelty::teacher_places(options.teacher_path));
  if (found.embedded && options.teacher_path.empty())
    throw novelty::Error(novelty::ErrorKind::kNotFound, "teacher",
                         "none to distil from but the program's own",
                         "give --teacher FILE, a larger Vision Transformer's weights");
  options.teacher_path = found.path;
  std::printf("teacher: %s\n", found.text().c_str());
}

std::string text_of(const novelty::DistillLosses& losses) {
  char text[64];
  std::snprintf(text, sizeof text, "patches %.4f cls %.4f attention %.4f", losses.tokens,
                losses.cls, losses.attention);
  return text;
}

novelty::DistillCallback show_in(novelty::Progress& progress) {
  return [&progress](const DistillProgress& state) {
    const bool distilling = state.stage == DistillStage::kDistillation;
    const char* stage = state.stage == DistillStage::kFeatures ? "features" : "distilling";
    if (state.stage == DistillStage::kWriting) stage = "writing";
    progress.show(stage, state.done, state.total, distilling ? text_of(state.losses) : "");
    return !novelty::interrupted();
  };
}

novelty::DistillProbe probe_with(const std::optional<novelty::FeatureProbe>& probe,
                                 novelty::Progress& progress, int threads) {
  if (!probe) return {};
  return [&probe, &progress, threads](int epoch, const std::vector<std::byte>& network) {
    const novelty::ProbeResult result = probe->measure(network, threads);
    progress.finish();
    std::printf("after %d passes: one class against all AUROC %.4f, k-NN accuracy %.3f\n", epoch,
                result.auroc, result.knn_accuracy);
    std::fflush(stdout);
  };
}

novelty::DistillReport distill_shown(novelty::Footage& pictures, const Settings& settings,
                                     const std::optional<novelty::FeatureProbe>& probe) {
  novelty::Progress progress;
  try {
    auto report = novelty::distill(pictures, settings.distill, show_in(progress),
                                   probe_with(probe, progress, settings.distill.threads));
    progress.finish();
    return report;
  } catch (const novelty::Error& error) {
    progress.finish();
    if (error.kind() != novelty::ErrorKind::kCancelled) throw;
    throw novelty::Error(novelty::ErrorKind::kCancelled, "stopped",
                         "checkpoint kept, continue with --resume");
  }
}

}  // namespace

int run_distill(int argc, char** argv) {
  Settings settings = parse(argc, argv);
  novelty::check_writable(settings.distill.output);
  if (!novelty::are_images(settings.inputs))
    throw novelty::UsageError("IMAGES must be folders or tars of images");
  novelty::FootageOptions all;
  all.max_frames = 10'000'000;
  const auto pictures = novelty::open_footage(settings.inputs, all);
  choose_teacher(settings.distill);
  std::optional<novelty::FeatureProbe> probe;
  if (!settings.probe.empty()) probe.emplace(settings.probe);
  std::fflush(stdout);
  const auto report = distill_shown(*pictures, settings, probe);
  for (const std::string& warning : pictures->warnings())
    std::printf("warning: %s\n", warning.c_str());
  std::printf("%zu views, %zu steps, last losses: %s\n", report.views, report.losses.size(),
              text_of(report.losses.back()).c_str());
  std::printf("weights: %s (%.2f million parameters, half precision)\nsha256:  %s\n",
              settings.distill.output.c_str(), static_cast<double>(report.parameters) / 1e6,
              report.sha256.c_str());
  return 0;
}
