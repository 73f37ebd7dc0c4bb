// SPDX-License-Identifier: Apache-2.0
// `novelty weights`: which teachers there are, which are here, and how to get one.
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "command_line.h"
#include "commands.h"
#include "interrupt.h"
#include "novelty/error.h"
#include "progress.h"
#include "teacher_catalogue.h"
#include "teacher_download.h"
#include "teacher_search.h"

namespace {

using novelty::KnownTeacher;

constexpr novelty::CommandHelp kHelp{
    "novelty weights", "list | get NAME",
    "Shows the teachers that are known by name, or downloads one from Hugging Face into the cache\n"
    "(~/.cache/novelty), where 'novelty train' then finds it. A download that broke off is gone "
    "on\n"
    "with; only a file whose SHA-256 is the one that this program knows is taken.",
    "NAME may be the beginning of a name. $HF_ENDPOINT names a mirror.\n\n"
    "Examples:\n"
    "  novelty weights list\n"
    "  novelty weights get vit_tiny_patch16_224\n"
    "  novelty train normal.mp4 -o camera.novelty --teacher vit_tiny\n"};

void print_row(const char* name, const std::string& parameters, const std::string& size,
               const char* licence, const std::string& state) {
  std::printf("%-43s %10s  %8s  %-10s  %s\n", name, parameters.c_str(), size.c_str(), licence,
              state.c_str());
}

std::string number(double value, const char* unit) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
  return text.data();
}

void print_embedded(const std::string& path) {
  std::error_code failure;
  const auto bytes = std::filesystem::file_size(path, failure);
  print_row(novelty::kEmbeddedTeacher, "",
            failure ? "" : number(static_cast<double>(bytes) * 1e-6, "MB"), "see NOTICE",
            failure ? "embedded, but missing: reinstall the program" : "embedded: " + path);
}

std::string state_of(const KnownTeacher& teacher, const novelty::TeacherPlaces& places) {
  if (const auto path = novelty::find_named(places, teacher.name)) return "here: " + *path;
  return teacher.pinned() ? "not here" : "not here; no SHA-256 known";
}

void list() {
  const auto places = novelty::teacher_places("");
  print_row("name", "parameters", "file", "licence", "state");
  print_embedded(places.embedded);
  for (const KnownTeacher& teacher : novelty::known_teachers())
    print_row(teacher.name, number(teacher.parameters, "M"), number(teacher.parameters * 4, "MB"),
              teacher.licence, state_of(teacher, places));
  try {
    std::printf("\n'novelty train' takes %s\n", novelty::find_teacher(places).text().c_str());
  } catch (const novelty::Error& error) {
    std::printf("\n'novelty train' finds no teacher: %s\n", error.what());
  }
  std::puts("'novelty weights get NAME' downloads one that is not here.");
}

const KnownTeacher& teacher_named(const std::string& name) {
  if (const KnownTeacher* teacher = novelty::known_teacher(name)) return *teacher;
  if (name == "nano" || name == novelty::kEmbeddedTeacher)
    throw novelty::Error(novelty::ErrorKind::kSettings, name, "comes with the program",
                         "use it with --teacher nano");
  throw novelty::Error(novelty::ErrorKind::kNotFound, name, "is no known teacher",
                       "see 'novelty weights list'");
}

void get(const std::string& name, bool unverified) {
  const KnownTeacher& teacher = teacher_named(name);
  novelty::Progress progress;
  novelty::FetchOptions options{novelty::teacher_places("").cache, unverified, {}};
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    constexpr std::uint64_t kUnit = 1'000'000;
    if (total > 0) progress.show("download", done / kUnit, (total + kUnit - 1) / kUnit, "MB");
    return !novelty::interrupted();
  };
  novelty::FetchedTeacher fetched;
  try {
    fetched = novelty::fetch_teacher(teacher, options);
  } catch (...) {
    progress.finish();
    throw;
  }
  progress.finish();
  std::printf("%s %s\nsha256 %s%s\n", fetched.was_there ? "already here:" : "got",
              fetched.path.c_str(), fetched.sha256.c_str(),
              teacher.pinned() ? ", as it should be" : ", not verified");
}

}  // namespace

int run_weights(int argc, char** argv) {
  gboolean unverified = FALSE;
  const auto words = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("unverified", 0, G_OPTION_ARG_NONE, &unverified,
                       "Take a file whose SHA-256 this program does not know")});
  if (words.size() == 1 && words[0] == "list") return list(), 0;
  if (words.size() == 2 && words[0] == "get") return get(words[1], unverified != FALSE), 0;
  throw novelty::UsageError("say 'list' or 'get NAME'");
}
