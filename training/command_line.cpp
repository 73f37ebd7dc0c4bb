// SPDX-License-Identifier: Apache-2.0
// Parses a command's options with GOption.
#include "command_line.h"

#include <memory>

namespace novelty {
namespace {

struct ContextDeleter {
  void operator()(GOptionContext* context) const { g_option_context_free(context); }
};

struct StrvDeleter {
  void operator()(char** strings) const { g_strfreev(strings); }
};

using ContextPtr = std::unique_ptr<GOptionContext, ContextDeleter>;
using StrvPtr = std::unique_ptr<char*, StrvDeleter>;

ContextPtr make_context(const CommandHelp& help, const std::vector<GOptionEntry>& options) {
  ContextPtr context(g_option_context_new(help.arguments));
  g_option_context_add_main_entries(context.get(), options.data(), nullptr);
  g_option_context_set_summary(context.get(), help.summary);
  g_option_context_set_description(context.get(), help.examples);
  return context;
}

StrvPtr copy_arguments(int argc, char** argv) {
  StrvPtr copy(g_new0(char*, static_cast<gsize>(argc) + 1));
  for (int i = 0; i < argc; ++i) copy.get()[i] = g_strdup(argv[i]);
  return copy;
}

std::vector<std::string> rest_of(char** strings) {
  std::vector<std::string> rest;
  for (char** argument = strings + 1; *argument != nullptr; ++argument)
    if (std::string(*argument) != "--") rest.emplace_back(*argument);
  return rest;
}

}  // namespace

GOptionEntry option(const char* name, char letter, GOptionArg kind, void* slot, const char* help,
                    const char* value_name) {
  return {name, letter, 0, kind, slot, help, value_name};
}

std::vector<std::string> parse_command_line(int argc, char** argv, const CommandHelp& help,
                                            std::vector<GOptionEntry> options) {
  options.push_back({});
  g_set_prgname(help.name);
  const ContextPtr context = make_context(help, options);
  StrvPtr arguments = copy_arguments(argc, argv);
  char** strings = arguments.release();
  GError* error = nullptr;
  const bool parsed = g_option_context_parse_strv(context.get(), &strings, &error) != FALSE;
  arguments.reset(strings);
  if (!parsed) {
    const std::string message = error->message;
    g_error_free(error);
    throw UsageError(message);
  }
  return rest_of(strings);
}

std::int64_t option_in_range(const char* name, std::int64_t value, std::int64_t least,
                             std::int64_t most) {
  if (value < least || value > most)
    throw UsageError("--" + std::string(name) + " " + std::to_string(value) + " is not within " +
                     std::to_string(least) + " to " + std::to_string(most));
  return value;
}

}  // namespace novelty
