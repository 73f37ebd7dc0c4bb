// SPDX-License-Identifier: Apache-2.0
// A program under test that can be watched and killed while it runs.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace novelty::testing {

struct ChildResult {
  int status = -1;  ///< exit status, or 128 + signal
  std::string out;
  std::string err;
};

class Child {
 public:
  /// Starts `arguments` in `folder`, where it also keeps what the program says.
  Child(const std::vector<std::string>& arguments, const std::string& folder);
  /// Kills it if it still runs.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Waits until `holds` or the program has ended, at most two minutes; whether it still runs.
  bool wait_until(const std::function<bool()>& holds);
  void send(int signal) const;
  ChildResult finish();

  /// What it wrote to stderr so far.
  std::string err() const;

 private:
  bool ended();

  std::string folder_;
  pid_t pid_;
  int wait_status_ = 0;
  bool ended_ = false;
};

/// Starts the program and waits for its end.
ChildResult run_child(const std::vector<std::string>& arguments, const std::string& folder);

/// The built program `novelty`.
std::string novelty_program();

}  // namespace novelty::testing
