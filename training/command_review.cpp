// SPDX-License-Identifier: Apache-2.0
// `novelty review`: a page on which people look through recordings and mark false alarms.
#include <glib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/file.h"
#include "command_line.h"
#include "commands.h"
#include "novelty/error.h"
#include "review_folder.h"
#include "review_page.h"
#include "review_server.h"

namespace {

namespace fs = std::filesystem;

constexpr novelty::CommandHelp kHelp{
    "novelty review", "DIR",
    "Writes one page on which people look through what noveltyrecord wrote into DIR and below, "
    "and\n"
    "mark false alarms as normal. The page needs no network; keep it where it can reach DIR.\n"
    "With --serve nothing is written: the page is served to a browser on this machine, and what "
    "is\n"
    "marked goes straight to DIR/feedback.json.",
    "What was marked, the model learns with: novelty feedback MODEL --normal DIR/feedback.json\n\n"
    "Examples:\n"
    "  novelty review recordings\n"
    "  novelty review recordings -o /srv/www/review.html\n"
    "  novelty review recordings --serve\n"};

struct Settings {
  std::string folder, output;
  bool serve = false;
  int port = 0;
};

Settings parse(int argc, char** argv) {
  novelty::TextOption output;
  gboolean serve = FALSE;
  gint port = 0;
  const auto rest = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("output", 'o', G_OPTION_ARG_FILENAME, output.slot(),
                       "The page to write (DIR/review.html)", "FILE"),
       novelty::option("serve", 0, G_OPTION_ARG_NONE, &serve,
                       "Serve the page to a browser on this machine"),
       novelty::option("port", 0, G_OPTION_ARG_INT, &port,
                       "With --serve: a fixed port (a free one)", "N")});
  if (rest.size() != 1) throw novelty::UsageError("give one DIR");
  if (serve != FALSE && output.given())
    throw novelty::UsageError("give either --output or --serve");
  if (port != 0 && serve == FALSE) throw novelty::UsageError("--port is for --serve");
  Settings settings{rest.front(), output.text(), serve != FALSE,
                    static_cast<int>(novelty::option_in_range("port", port, 0, 65535))};
  if (settings.output.empty())
    settings.output = (fs::path(settings.folder) / "review.html").string();
  return settings;
}

/// The URL from the page to the recordings.
std::string base_of(const Settings& settings) {
  const fs::path page = fs::absolute(settings.output).parent_path();
  const fs::path way = fs::canonical(settings.folder).lexically_relative(fs::canonical(page));
  if (way.empty() || way == ".") return {};
  const std::unique_ptr<gchar, decltype(&g_free)> url(
      g_uri_escape_string(way.generic_string().c_str(), "/", FALSE), g_free);
  return std::string(url.get()) + "/";
}

std::string count_text(std::size_t count, const char* name) {
  return std::to_string(count) + " " + name + (count == 1 ? "" : "s");
}

void print_summary(const novelty::FoundRecordings& found) {
  std::size_t events = 0, gone = 0;
  for (const auto& recording : found.recordings) {
    events += recording.events.size();
    gone += recording.gone ? 1 : 0;
  }
  std::printf("%s in %s\n", count_text(events, "event").c_str(),
              count_text(found.recordings.size(), "recording").c_str());
  if (gone > 0)
    std::printf("warning: the footage of %s is gone\n", count_text(gone, "recording").c_str());
  const auto skipped = [](std::size_t count, const char* why) {
    if (count > 0) std::printf("left out: %s, %s\n", count_text(count, "file").c_str(), why);
  };
  skipped(found.foreign, "JSON of something else");
  skipped(found.broken, "a damaged sidecar");
  skipped(found.too_large, "too large for a sidecar");
  skipped(found.unreadable, "cannot be read");
}

void write_page(const Settings& settings) {
  const novelty::FoundRecordings found = novelty::find_recordings(settings.folder);
  novelty::check_writable(settings.output);
  novelty::ReviewPage facts = novelty::page_of_folder(settings.folder);
  facts.base = base_of(settings);
  const std::string page = novelty::review_page(found, facts);
  novelty::write_file_atomically(settings.output, std::as_bytes(std::span(page)));
  print_summary(found);
  std::printf("page: %s\n", settings.output.c_str());
}

}  // namespace

int run_review(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  if (settings.serve)
    novelty::serve_review({settings.folder, settings.port});
  else
    write_page(settings);
  return 0;
}
