// SPDX-License-Identifier: Apache-2.0
// A program under test that can be watched and killed while it runs.
#include "child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "made_files.h"

namespace novelty::testing {
namespace {

// Only async-signal-safe calls: between fork and exec.
[[noreturn]] void become(char* const* arguments, const char* folder, const char* out,
                         const char* err) {
  const int out_file = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const int err_file = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const bool ready = out_file >= 0 && err_file >= 0 && dup2(out_file, STDOUT_FILENO) >= 0 &&
                     dup2(err_file, STDERR_FILENO) >= 0 && chdir(folder) == 0;
  if (ready) execvp(arguments[0], arguments);
  _exit(127);
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments, const std::string& folder)
    : folder_(folder) {
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));  // execvp does not write to them
  pointers.push_back(nullptr);
  const std::string out = folder + "/.out";
  const std::string err = folder + "/.err";
  testing::write_text(out, "");
  testing::write_text(err, "");
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) become(pointers.data(), folder.c_str(), out.c_str(), err.c_str());
}

Child::~Child() {
  if (ended()) return;
  send(SIGKILL);
  waitpid(pid_, &wait_status_, 0);
}

bool Child::ended() {
  if (!ended_) ended_ = waitpid(pid_, &wait_status_, WNOHANG) == pid_;
  return ended_;
}

bool Child::wait_until(const std::function<bool()>& holds) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!ended() && !holds() && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // between two looks
  return !ended();
}

void Child::send(int signal) const {
  kill(pid_, signal);
}

ChildResult Child::finish() {
  if (!ended_) waitpid(pid_, &wait_status_, 0);
  ended_ = true;
  const int status =
      WIFEXITED(wait_status_) ? WEXITSTATUS(wait_status_) : 128 + WTERMSIG(wait_status_);
  return {status, text_of(folder_ + "/.out"), err()};
}

std::string Child::err() const {
  return text_of(folder_ + "/.err");
}

ChildResult run_child(const std::vector<std::string>& arguments, const std::string& folder) {
  return Child(arguments, folder).finish();
}

std::string novelty_program() {
  const char* root = std::getenv("NOVELTY_BUILD_ROOT");
  return std::string(root == nullptr ? "." : root) + "/training/novelty";
}

}  // namespace novelty::testing
