// SPDX-License-Identifier: Apache-2.0
// `novelty evaluate classes`: images in classes in, how well each is told from the others out.
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

#include "base/file.h"
#include "base/sha256.h"
#include "class_data.h"
#include "class_evaluation.h"
#include "class_report.h"
#include "command_line.h"
#include "commands.h"
#include "mosaic.h"
#include "mvtec_data.h"
#include "novelty/error.h"
#include "novelty/trainer.h"
#include "progress.h"
#include "student_options.h"
#include "teacher_search.h"

namespace {

namespace fs = std::filesystem;

constexpr novelty::CommandHelp kHelp{
    "novelty evaluate classes", "--data FOLDER|TAR --out FOLDER",
    "Measures how well a model of some classes of images tells them from the others: trains on\n"
    "images of what is normal alone, scores all test images with each model, and ranks them.\n"
    "A run that was stopped goes on where it was when started again.",
    "The data: train/CLASS/IMAGE and test/CLASS/IMAGE; a folder of MNIST's idx files or of "
    "CIFAR's\n"
    "binary batches; or as MVTec AD has it: CATEGORY/train/good, CATEGORY/test/DEFECT and masks "
    "in\n"
    "CATEGORY/ground_truth/DEFECT. Writes OUT/report.html, result.json, scores.jsonl and "
    "models/.\n\n"
    "Examples:\n"
    "  novelty evaluate classes --data cifar10.tar --out evaluation\n"
    "  novelty evaluate classes --data cifar10.tar --protocol half-vs-half --seeds 3 --out halves\n"
    "  novelty evaluate classes --data cifar10.tar --classes cat,dog --holdout 150 \\\n"
    "    --train-count 300 --out trial\n"};

struct Raw {
  novelty::TextOption data, classes, protocol, teacher, preset, fine_tuning, precision, out;
  novelty::StudentOptions student;
  gint64 count = 1000, holdout = 0, seed = 0, seeds = 1, input_size = 0;

  std::vector<GOptionEntry> entries() {
    using novelty::option;
    std::vector<GOptionEntry> all{
        option("data", 0, G_OPTION_ARG_FILENAME, data.slot(), "The images, in classes",
               "FOLDER|TAR"),
        option("protocol", 0, G_OPTION_ARG_STRING, protocol.slot(),
               "Normal is: one-vs-all (default) each class; all-vs-one all classes but one; "
               "half-vs-half one half of them; mosaic-strict, mosaic-none, mosaic-any mosaics of 2 "
               "x 2 "
               "images of one class",
               "NAME"),
        option("classes", 0, G_OPTION_ARG_STRING, classes.slot(),
               "Only these as the one class (all)", "A,B,..."),
        option("train-count", 0, G_OPTION_ARG_INT64, &count,
               "Train on the first N images of each normal class by name, or on N mosaics (1000)",
               "N"),
        option("holdout", 0, G_OPTION_ARG_INT64, &holdout,
               "Score the last K training images of every class instead of the test images", "K"),
        option("teacher", 0, G_OPTION_ARG_FILENAME, teacher.slot(),
               "The teacher's weights, as for 'novelty train'", "FILE"),
        option("input-size", 0, G_OPTION_ARG_INT64, &input_size,
               "Pixels a side that the networks see, as for 'novelty train'", "N"),
        option("preset", 0, G_OPTION_ARG_STRING, preset.slot(),
               "semantic (default), paper or inspection (default for MVTec AD's layout)", "NAME"),
        option("fine-tune", 0, G_OPTION_ARG_STRING, fine_tuning.slot(),
               "What the teacher learns first, as for 'novelty train'", "KIND"),
        option("seed", 0, G_OPTION_ARG_INT64, &seed, "Seed of all that is random (0)", "N"),
        option("seeds", 0, G_OPTION_ARG_INT64, &seeds,
               "Do all with N seeds, from --seed on, in OUT/seed-N (1)", "N"),
        option("precision", 0, G_OPTION_ARG_STRING, precision.slot(),
               "Score in fp32 (default), bf16 or int8", "NAME"),
        option("out", 'o', G_OPTION_ARG_FILENAME, out.slot(), "Where all results go", "FOLDER")};
    const auto more = student.entries();
    all.insert(all.end() - 1, more.begin(), more.end());
    return all;
  }
};

novelty::ClassOptions checked(const Raw& raw) {
  using novelty::option_in_range;
  if (!raw.data.given()) throw novelty::UsageError("say where the images are: --data FOLDER|TAR");
  if (!raw.out.given()) throw novelty::UsageError("say where the results go: --out FOLDER");
  novelty::ClassOptions options;
  options.data = raw.data.text();
  options.out = raw.out.text();
  options.train_count =
      static_cast<std::size_t>(option_in_range("train-count", raw.count, 8, 1'000'000));
  options.holdout = static_cast<std::size_t>(option_in_range("holdout", raw.holdout, 0, 1'000'000));
  const bool inspection = novelty::is_mvtec(options.data);
  if (inspection && (raw.protocol.given() || options.holdout > 0))
    throw novelty::UsageError("data laid out as MVTec AD's has no --protocol and no --holdout");
  if (inspection) {
    options.protocol = "mvtec";
    options.preset = "inspection";
  }
  if (raw.protocol.given()) options.protocol = raw.protocol.text();
  if (raw.preset.given()) options.preset = raw.preset.text();
  if (raw.precision.given()) options.precision = raw.precision.text();
  options.seed = static_cast<std::uint64_t>(option_in_range("seed", raw.seed, 0, G_MAXINT64));
  const auto found = novelty::find_teacher(novelty::teacher_places(raw.teacher.text()));
  options.teacher_path = found.path;
  options.teacher_sha256 = novelty::sha256_hex(novelty::read_file(found.path));
  options.input_size = static_cast<int>(option_in_range("input-size", raw.input_size, 0, 1024));
  raw.student.apply(options.training);
  novelty::TrainingOptions training;
  training.preset = options.preset;
  training.fine_tuning = raw.fine_tuning.text();
  training.teacher_path = options.teacher_path;
  options.fine_tuning = novelty::fine_tuning_of(training);
  return options;
}

void make_folder(const std::string& out) {
  std::error_code failure;
  fs::create_directories(fs::path(out) / "models", failure);
  if (failure)
    throw novelty::Error(novelty::ErrorKind::kWrite, out,
                         "cannot make the folder: " + failure.message(), "choose another --out");
  novelty::check_writable((fs::path(out) / "result.json").string());
}

void write_text(const fs::path& path, const std::string& text) {
  novelty::write_file_atomically(path.string(), std::as_bytes(std::span(text)));
}

/// Runs a step that can be stopped and gone on with.
template <class Step>
auto shown(const Step& step) {
  novelty::Progress progress;
  try {
    return step(progress);
  } catch (const novelty::Error& error) {
    progress.finish();
    if (error.kind() != novelty::ErrorKind::kCancelled) throw;
    throw novelty::Error(novelty::ErrorKind::kCancelled, "stopped",
                         "models and scores so far are kept", "run it again to go on");
  }
}

/// One run a seed, each in a folder of its own where there are several.
novelty::ClassResults evaluate_seeds(const novelty::ClassOptions& options, std::uint64_t seeds,
                                     const novelty::ClassData& data) {
  std::vector<novelty::ClassResults> runs;
  for (std::uint64_t i = 0; i < seeds; ++i) {
    novelty::ClassOptions one = options;
    one.seed += i;
    if (seeds > 1) {
      one.out = (fs::path(options.out) / ("seed-" + std::to_string(one.seed))).string();
      std::printf("seed:    %llu\n", static_cast<unsigned long long>(one.seed));
      std::fflush(stdout);
    }
    make_folder(one.out);
    runs.push_back(shown([&](novelty::Progress& progress) {
      return novelty::evaluate_classes(one, data, progress);
    }));
  }
  return novelty::over_seeds(runs);
}

novelty::ClassResults evaluate_all(const novelty::ClassOptions& options, std::uint64_t seeds,
                                   const novelty::ClassData& data) {
  novelty::ClassResults results = evaluate_seeds(options, seeds, data);
  results.baselines = shown([&](novelty::Progress& progress) {
    return novelty::class_baselines(options, data, progress);
  });
  return results;
}

/// Each class on mosaics of its own, in a folder of its own.
novelty::ClassResults evaluate_mosaics(const novelty::ClassOptions& options, std::uint64_t seeds,
                                       const novelty::ClassData& data) {
  constexpr std::size_t kTests = 1000;  // of a kind
  std::vector<novelty::ClassResults> runs;
  for (const novelty::ClassTask& task : options.tasks) {
    const novelty::MosaicSet set = novelty::mosaics_of(data, task.name, options.protocol,
                                                       options.train_count, kTests, options.seed);
    novelty::ClassOptions one = options;
    one.tasks = {set.task};
    one.out = (fs::path(options.out) / task.name).string();
    runs.push_back(evaluate_all(one, seeds, set.data));
  }
  return novelty::joined(runs);
}

/// Each category by itself, in a folder of its own.
novelty::ClassResults evaluate_inspection(const novelty::ClassOptions& options, std::uint64_t seeds,
                                          const std::string& categories) {
  std::vector<novelty::ClassResults> runs;
  for (const novelty::InspectionSet& set : novelty::read_mvtec(options.data, categories)) {
    novelty::ClassOptions one = options;
    one.tasks = {set.task};
    one.out = (fs::path(options.out) / set.task.name).string();
    runs.push_back(evaluate_all(one, seeds, set.data));
  }
  return novelty::joined(runs);
}

/// Classes as tasks, or as the normal ones of mosaics.
novelty::ClassResults evaluate_protocol(novelty::ClassOptions options, std::uint64_t seeds,
                                        const std::string& classes) {
  novelty::ClassData data = novelty::read_class_data(options.data);
  if (options.holdout > 0) novelty::hold_out(data, options.holdout);
  const bool mosaic = novelty::is_mosaic(options.protocol);
  options.tasks = novelty::tasks_of(data, mosaic ? "one-vs-all" : options.protocol, classes);
  return mosaic ? evaluate_mosaics(options, seeds, data) : evaluate_all(options, seeds, data);
}

}  // namespace

int run_classes(int argc, char** argv) {
  Raw raw;
  if (!novelty::parse_command_line(argc, argv, kHelp, raw.entries()).empty())
    throw novelty::UsageError("name the data with --data");
  const novelty::ClassOptions options = checked(raw);
  const auto seeds =
      static_cast<std::uint64_t>(novelty::option_in_range("seeds", raw.seeds, 1, 1000));
  std::printf("teacher: %s\n", options.teacher_path.c_str());
  std::fflush(stdout);
  const novelty::ClassResults results =
      options.protocol == "mvtec" ? evaluate_inspection(options, seeds, raw.classes.text())
                                  : evaluate_protocol(options, seeds, raw.classes.text());
  const fs::path out = options.out;
  write_text(out / "result.json", novelty::class_json(results, options));
  write_text(out / "report.html", novelty::class_page(results, options));
  std::fputs(novelty::class_table(results).c_str(), stdout);
  for (const std::string& warning : results.warnings) std::printf("warning: %s\n", warning.c_str());
  std::printf("report:  %s\n", (out / "report.html").c_str());
  return 0;
}
