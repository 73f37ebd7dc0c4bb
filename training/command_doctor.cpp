// SPDX-License-Identifier: Apache-2.0
// `novelty doctor`: what is wrong with this machine, and what helps.
#include <cstdio>

#include "command_line.h"
#include "commands.h"
#include "doctor.h"

namespace {

constexpr novelty::CommandHelp kHelp{
    "novelty doctor", "",
    "Checks everything training and pipelines need and says what helps.\n"
    "Exits with 0 when nothing fails.",
    "Examples:\n"
    "  novelty doctor\n"
    "  GST_PLUGIN_PATH=build/gst-plugin novelty doctor\n"};

const char* word_of(novelty::Finding::Level level) {
  switch (level) {
    case novelty::Finding::Level::kOk:
      return "ok";
    case novelty::Finding::Level::kWarn:
      return "warn";
    case novelty::Finding::Level::kFail:
      break;
  }
  return "FAIL";
}

}  // namespace

int run_doctor(int argc, char** argv) {
  if (!novelty::parse_command_line(argc, argv, kHelp, {}).empty())
    throw novelty::UsageError("doctor takes no arguments");
  int failures = 0;
  for (const novelty::Finding& finding : novelty::judge(novelty::gather_facts())) {
    std::printf("%-4s  %-10s  %s\n", word_of(finding.level), finding.subject.c_str(),
                finding.fact.c_str());
    if (!finding.remedy.empty()) std::printf("%18s-> %s\n", "", finding.remedy.c_str());
    failures += finding.level == novelty::Finding::Level::kFail ? 1 : 0;
  }
  std::puts(failures == 0 ? "nothing fails" : "see the lines that FAIL");
  return failures == 0 ? 0 : 1;
}
