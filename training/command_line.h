// SPDX-License-Identifier: Apache-2.0
// Parses a command's options with GOption, and teaches them: `--help` with examples.
#pragma once

#include <glib.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace novelty {

/// A fault of the command line: one line, exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What `--help` of a command says.
struct CommandHelp {
  const char* name;       ///< "novelty train"
  const char* arguments;  ///< "INPUT... -o MODEL"
  const char* summary;    ///< above the options
  const char* examples;   ///< below the options
};

/// A text option's value, owned; empty when not given.
class TextOption {
 public:
  TextOption() = default;
  ~TextOption() { g_free(value_); }
  TextOption(const TextOption&) = delete;
  TextOption& operator=(const TextOption&) = delete;

  char** slot() { return &value_; }
  bool given() const { return value_ != nullptr; }
  std::string text() const { return value_ == nullptr ? std::string() : value_; }

 private:
  char* value_ = nullptr;
};

/// One row of a command's options. `slot` is a char** (text), gint*, gint64* or gboolean*.
GOptionEntry option(const char* name, char letter, GOptionArg kind, void* slot, const char* help,
                    const char* value_name = nullptr);

/// Fills the slots of `options` and returns the other arguments; `--help` prints and exits with 0.
/// Throws: UsageError.
std::vector<std::string> parse_command_line(int argc, char** argv, const CommandHelp& help,
                                            std::vector<GOptionEntry> options);

/// `value` when it lies in [least, most]. Throws: UsageError naming the option.
std::int64_t option_in_range(const char* name, std::int64_t value, std::int64_t least,
                             std::int64_t most);

}  // namespace novelty
