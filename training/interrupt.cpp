// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a flag that long work asks.
#include "interrupt.h"

#include <csignal>

#include "novelty/error.h"

namespace novelty {
namespace {

volatile std::sig_atomic_t interrupt_flag = 0;

extern "C" void note_interrupt(int /*signal*/) {
  interrupt_flag = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = note_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return interrupt_flag != 0;
}

void throw_if_interrupted() {
  if (interrupted()) throw Error(ErrorKind::kCancelled, "", "stopped");
}

}  // namespace novelty
