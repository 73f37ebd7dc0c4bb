// SPDX-License-Identifier: Apache-2.0
// `novelty scene`: draws a work cell into a video, with labels of what is in it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

#include "base/file.h"
#include "command_line.h"
#include "commands.h"
#include "frame_ranges.h"
#include "interrupt.h"
#include "novelty/error.h"
#include "picture.h"
#include "progress.h"
#include "scene.h"
#include "scene_labels.h"
#include "video_writer.h"

namespace {

using novelty::SceneOptions;
using novelty::SceneRanges;

constexpr novelty::CommandHelp kHelp{
    "novelty scene", "OUT.mp4|OUT.mkv",
    "Draws a work cell in motion and, at times, something in it that does not belong.\n"
    "Each seed is another cell.",
    "Examples:\n"
    "  novelty scene cell.mp4 --labels cell.json\n"
    "  novelty scene cell.mkv --seed 7 --seconds 60 --novel 300-389,600-689 --masks masks\n"
    "  novelty scene normal.mp4 --seconds 600 --normal\n"};

constexpr std::int64_t kMostSeconds = 3600;

struct Arguments {
  std::string output, labels, masks;
  SceneOptions scene;
};

SceneRanges ranges_of(const novelty::FrameRanges& frames, int count) {
  if (!frames.ends_before(static_cast<std::size_t>(count))) {
    throw novelty::UsageError("--novel " + frames.text() + " goes beyond the clip's " +
                              std::to_string(count) + " frames");
  }
  SceneRanges ranges;
  for (int i = 0; i < count; ++i) {
    if (!frames.contains(i)) continue;
    const bool goes_on = !ranges.empty() && ranges.back().second == i - 1;
    goes_on ? void(ranges.back().second = i) : void(ranges.emplace_back(i, i));
  }
  return ranges;
}

Arguments parse(int argc, char** argv) {
  gint64 seed = 1;
  gint64 seconds = 40;
  gint64 fps = 15;
  gboolean normal = FALSE;
  novelty::TextOption novel, labels, masks;
  const auto files = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("seed", 0, G_OPTION_ARG_INT64, &seed,
                       "Another cell with other things that do not belong (1)", "N"),
       novelty::option("seconds", 0, G_OPTION_ARG_INT64, &seconds, "Length (40)", "N"),
       novelty::option("fps", 0, G_OPTION_ARG_INT64, &fps, "Frames a second (15)", "N"),
       novelty::option("novel", 0, G_OPTION_ARG_STRING, novel.slot(),
                       "Frames with something new (a few seconds each in the later part)",
                       "A-B,..."),
       novelty::option("normal", 0, G_OPTION_ARG_NONE, &normal, "Nothing new at all"),
       novelty::option("labels", 0, G_OPTION_ARG_FILENAME, labels.slot(),
                       "Write what is new in which frames as JSON", "FILE"),
       novelty::option("masks", 0, G_OPTION_ARG_FILENAME, masks.slot(),
                       "Write a PNG a frame, white where it is new", "FOLDER")});
  if (files.size() != 1) throw novelty::UsageError("give one file to write");
  if (normal && novel.given())
    throw novelty::UsageError("--novel and --normal contradict each other");
  Arguments arguments{files.front(), labels.text(), masks.text(), {}};
  SceneOptions& scene = arguments.scene;
  scene.seed = static_cast<std::uint64_t>(novelty::option_in_range("seed", seed, 0, INT64_MAX));
  scene.duration_s =
      static_cast<double>(novelty::option_in_range("seconds", seconds, 1, kMostSeconds));
  scene.fps = static_cast<int>(novelty::option_in_range("fps", fps, 1, 240));
  const int frames = static_cast<int>(scene.duration_s) * scene.fps;
  if (novel.given())
    scene.novel = ranges_of(novelty::FrameRanges::parse(novel.text()), frames);
  else if (!normal)
    scene.novel = novelty::default_novel_ranges(frames, scene.fps, scene.seed);
  return arguments;
}

void write_labels(const Arguments& arguments, const novelty::SceneRenderer& scene) {
  const auto labels =
      novelty::scene_labels(scene.frame_count(), arguments.scene.fps, arguments.scene.novel);
  const std::string clip = std::filesystem::path(arguments.output).filename().string();
  const std::string text = novelty::labels_json(labels, scene.visits(), clip);
  novelty::write_file_atomically(arguments.labels, std::as_bytes(std::span(text)));
}

void make_folder(const std::string& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure)
    throw novelty::Error(novelty::ErrorKind::kWrite, folder,
                         "cannot make the folder: " + failure.message(), "choose another --masks");
}

void write_mask(const Arguments& arguments, const novelty::SceneRenderer& scene, int frame) {
  char name[32];
  std::snprintf(name, sizeof name, "%06d.png", frame);
  const auto png =
      novelty::encode_png(scene.mask(frame), arguments.scene.width, arguments.scene.height);
  novelty::write_file_atomically((std::filesystem::path(arguments.masks) / name).string(),
                                 std::as_bytes(std::span(png)));
}

}  // namespace

int run_scene(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  if (!arguments.labels.empty()) novelty::check_writable(arguments.labels);
  const SceneOptions& options = arguments.scene;
  const novelty::SceneRenderer scene(options);
  if (!arguments.masks.empty()) make_folder(arguments.masks);
  novelty::VideoWriter video(arguments.output, options.width, options.height, options.fps);
  novelty::Progress progress;
  for (int i = 0; i < scene.frame_count(); ++i) {
    novelty::throw_if_interrupted();
    video.write(scene.frame(i));
    if (!arguments.masks.empty()) write_mask(arguments, scene, i);
    progress.show("drawing", static_cast<std::size_t>(i) + 1, scene.frame_count());
  }
  video.finish();
  progress.finish();
  if (!arguments.labels.empty()) write_labels(arguments, scene);
  std::printf("%s: %d frames of %dx%d, %d a second\n", arguments.output.c_str(),
              scene.frame_count(), options.width, options.height, options.fps);
  return 0;
}
