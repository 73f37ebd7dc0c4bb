// SPDX-License-Identifier: Apache-2.0
// Runs a program as a user would and keeps what it said.
#include "process.h"

#include <sys/wait.h>

namespace novelty::testing {

namespace {

std::vector<char*> pointers_of(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string taken(gchar* text) {
  std::string copy = text != nullptr ? text : "";
  g_free(text);
  return copy;
}

}  // namespace

Finished run_program(const std::vector<std::string>& arguments, const std::string& folder,
                     const std::vector<std::string>& environment, int limit_s) {
  std::vector<std::string> words{"timeout", "--kill-after=5", std::to_string(limit_s)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  gchar** variables = g_get_environ();
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    variables = g_environ_setenv(variables, entry.substr(0, equals).c_str(),
                                 entry.substr(equals + 1).c_str(), TRUE);
  }
  gchar* out = nullptr;
  gchar* err = nullptr;
  gint status = 0;
  GError* error = nullptr;
  Finished finished;
  if (g_spawn_sync(folder.c_str(), pointers_of(words).data(), variables, G_SPAWN_SEARCH_PATH,
                   nullptr, nullptr, &out, &err, &status, &error) == FALSE) {
    finished.output = error->message;
    g_error_free(error);
  } else {
    finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    finished.output = taken(out) + taken(err);
  }
  g_strfreev(variables);
  return finished;
}

}  // namespace novelty::testing
