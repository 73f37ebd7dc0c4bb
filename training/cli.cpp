// SPDX-License-Identifier: Apache-2.0
// What the program `novelty` does: picks the command and turns what it throws into one line and a
// status. A module of its own: see Note [Nothing heavy in the global scope].
#include <algorithm>
#include <array>
#include <clocale>
#include <cstdio>
#include <exception>
#include <string>

#include "command_line.h"
#include "commands.h"
#include "interrupt.h"
#include "novelty/error.h"
#include "novelty/export.h"

namespace {

struct Command {
  const char* name;
  const char* purpose;
  int (*run)(int, char**);
};

constexpr std::array kCommands{
    Command{"train", "learn what a scene normally looks like, from footage", run_train},
    Command{"score", "score footage with a model and list the events in it", run_score},
    Command{"calibrate", "set a model's threshold anew from normal footage", run_calibrate},
    Command{"feedback", "tell a model that what it flagged is normal", run_feedback},
    Command{"compare", "show what another model would change", run_compare},
    Command{"review", "make a page on which people look through recordings", run_review},
    Command{"evaluate", "measure, with labels, how well novelty is found", run_evaluate},
    Command{"distill", "make a compact teacher from a larger one", run_distill},
    Command{"weights", "list the teachers that can be had, and download one", run_weights},
    Command{"info", "show what a model is and where it comes from", run_info},
    Command{"bench", "measure how fast this machine scores", run_bench},
    Command{"doctor", "find out why something does not work", run_doctor},
    Command{"scene", "draw a scene to try things on", run_scene},
};

void print_help() {
  std::puts("Usage: novelty COMMAND [OPTION...]\n");
  std::puts("Learns what footage normally looks like and flags what does not belong.\n");
  std::puts("Commands:");
  for (const Command& command : kCommands)
    std::printf("  %-9s  %s\n", command.name, command.purpose);
  std::puts(
      "\nStart here:\n"
      "  novelty train normal.mp4 -o camera.novelty\n"
      "  novelty score camera.novelty new.mp4 --jsonl scores.jsonl\n"
      "  gst-launch-1.0 filesrc location=new.mp4 ! decodebin ! videoconvert ! \\\n"
      "    noveltydetect model=camera.novelty ! noveltyoverlay ! videoconvert ! autovideosink\n"
      "\n'novelty COMMAND --help' explains a command with examples.");
}

int refuse(const std::string& line, const std::string& help) {
  std::fprintf(stderr, "novelty: %s; see '%s'\n", line.c_str(), help.c_str());
  return 2;
}

int fail(const std::string& line) {
  std::fprintf(stderr, "novelty: %s\n", line.c_str());
  return 1;
}

int run(const Command& command, int argc, char** argv) {
  try {
    return command.run(argc, argv);
  } catch (const novelty::UsageError& error) {
    return refuse(error.what(), std::string("novelty ") + command.name + " --help");
  } catch (const novelty::Error& error) {
    const int status = fail(error.what());
    return error.kind() == novelty::ErrorKind::kCancelled ? 130 : status;
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

}  // namespace

extern "C" NOVELTY_API int novelty_main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");  // GOption's texts and arguments; numbers stay as in C
  const std::string name = argc > 1 ? argv[1] : "";
  if (name.empty()) return refuse("no command given", "novelty --help");
  if (name == "--help" || name == "-h" || name == "help") return print_help(), 0;
  if (name == "--version") return std::printf("novelty %s\n", NOVELTY_VERSION), 0;
  const auto* command = std::find_if(kCommands.begin(), kCommands.end(),
                                     [&name](const Command& known) { return known.name == name; });
  if (command == kCommands.end()) return refuse("unknown command '" + name + "'", "novelty --help");
  novelty::catch_interrupts();
  return run(*command, argc - 1, argv + 1);
}
