// SPDX-License-Identifier: Apache-2.0
// `novelty evaluate classes`: images in classes in, AUROC of each class against all out.
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
#include "novelty/error.h"
#include "progress.h"
#include "teacher_search.h"

namespace {

namespace fs = std::filesystem;

constexpr novelty::CommandHelp kHelp{
    "novelty evaluate classes", "--data FOLDER|TAR --out FOLDER",
    "Measures how well a model of one class of images (preset semantic) tells it from all others:\n"
    "trains on images of each class alone, scores all test images with each model, and ranks "
    "them.\n"
    "A run that was stopped goes on where it was when started again.",
    "The data: train/CLASS/IMAGE and test/CLASS/IMAGE. Writes OUT/report.html, result.json,\n"
    "scores.jsonl and models/.\n\n"
    "Examples:\n"
    "  novelty evaluate classes --data cifar10.tar --out evaluation\n"
    "  novelty evaluate classes --data cifar10.tar --classes cat,dog --holdout 150 \\\n"
    "    --train-count 300 --out trial\n"};

struct Raw {
  novelty::TextOption data, classes, teacher, precision, out;
  gint64 count = 1000, holdout = 0, seed = 0;

  std::vector<GOptionEntry> entries() {
    using novelty::option;
    return {
        option("data", 0, G_OPTION_ARG_FILENAME, data.slot(), "The images, in classes",
               "FOLDER|TAR"),
        option("classes", 0, G_OPTION_ARG_STRING, classes.slot(),
               "Only models of these classes (all)", "A,B,..."),
        option("train-count", 0, G_OPTION_ARG_INT64, &count,
               "Train on the first N images of the class by name (1000)", "N"),
        option("holdout", 0, G_OPTION_ARG_INT64, &holdout,
               "Score the last K training images of every class instead of the test images", "K"),
        option("teacher", 0, G_OPTION_ARG_FILENAME, teacher.slot(),
               "The teacher's weights, as for 'novelty train'", "FILE"),
        option("seed", 0, G_OPTION_ARG_INT64, &seed, "Seed of all that is random (0)", "N"),
        option("precision", 0, G_OPTION_ARG_STRING, precision.slot(),
               "Score in fp32 (default), bf16 or int8", "NAME"),
        option("out", 'o', G_OPTION_ARG_FILENAME, out.slot(), "Where all results go", "FOLDER")};
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
  if (raw.precision.given()) options.precision = raw.precision.text();
  options.seed = static_cast<std::uint64_t>(option_in_range("seed", raw.seed, 0, G_MAXINT64));
  const auto found = novelty::find_teacher(novelty::teacher_places(raw.teacher.text()));
  options.teacher_path = found.path;
  options.teacher_sha256 = novelty::sha256_hex(novelty::read_file(found.path));
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

novelty::ClassResults evaluate(const novelty::ClassOptions& options,
                               const novelty::ClassData& data) {
  novelty::Progress progress;
  try {
    return novelty::evaluate_classes(options, data, progress);
  } catch (const novelty::Error& error) {
    progress.finish();
    if (error.kind() != novelty::ErrorKind::kCancelled) throw;
    throw novelty::Error(novelty::ErrorKind::kCancelled, "stopped",
                         "models and scores so far are kept", "run it again to go on");
  }
}

}  // namespace

int run_classes(int argc, char** argv) {
  Raw raw;
  if (!novelty::parse_command_line(argc, argv, kHelp, raw.entries()).empty())
    throw novelty::UsageError("name the data with --data");
  novelty::ClassOptions options = checked(raw);
  novelty::ClassData data = novelty::read_class_data(options.data);
  if (options.holdout > 0) novelty::hold_out(data, options.holdout);
  options.classes = novelty::chosen_classes(data, raw.classes.text());
  make_folder(options.out);
  std::printf("teacher: %s\n", options.teacher_path.c_str());
  std::fflush(stdout);
  const novelty::ClassResults results = evaluate(options, data);
  const fs::path out = options.out;
  write_text(out / "result.json", novelty::class_json(results, options));
  write_text(out / "report.html", novelty::class_page(results, options));
  std::fputs(novelty::class_table(results).c_str(), stdout);
  for (const std::string& warning : results.warnings) std::printf("warning: %s\n", warning.c_str());
  std::printf("report:  %s\n", (out / "report.html").c_str());
  return 0;
}
