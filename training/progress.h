// SPDX-License-Identifier: Apache-2.0
// Shows how far long work is: a bar on a terminal, a line every few seconds elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace novelty {

/// Writes to stderr. Not thread-safe.
class Progress {
 public:
  Progress();

  /// `total` 0 = not known. `detail` comes after the numbers ("loss 0.123").
  void show(const std::string& stage, std::size_t done, std::size_t total,
            const std::string& detail = {});
  /// Ends the line of the bar, before other output.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(std::size_t done, std::size_t total, const std::string& detail) const;

  bool terminal_;
  std::string stage_;
  std::size_t stage_first_ = 0;  // `done` at the stage's first report: a resumed run starts late
  Clock::time_point stage_start_;
  Clock::time_point last_shown_;
  bool open_ = false;  // a bar stands on the current line
};

/// "3:07" or "1:02:03".
std::string clock_text(double seconds);

}  // namespace novelty
