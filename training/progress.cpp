// SPDX-License-Identifier: Apache-2.0
// Shows how far long work is.
#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace novelty {
namespace {

constexpr std::chrono::milliseconds kBarPeriod{100};
constexpr std::chrono::seconds kLinePeriod{5};
constexpr std::size_t kBarWidth = 24;

std::string bar(std::size_t done, std::size_t total) {
  const std::size_t full = kBarWidth * std::min(done, total) / total;
  std::string text(kBarWidth, '.');
  std::fill_n(text.begin(), full, '#');
  return text.insert(0, 1, '[').append("] ");
}

}  // namespace

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(std::max(0.0, std::ceil(seconds)));
  std::array<char, 64> text{};
  if (whole >= 3600)
    std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  else
    std::snprintf(text.data(), text.size(), "%ld:%02ld", whole / 60, whole % 60);
  return text.data();
}

Progress::Progress() : terminal_(isatty(STDERR_FILENO) == 1) {}

std::string Progress::line(std::size_t done, std::size_t total, const std::string& detail) const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - stage_start_).count();
  std::string text = stage_;
  text.append(stage_.size() < 12 ? 12 - stage_.size() : 1, ' ');
  if (terminal_ && total > 0) text.append(bar(done, total));
  text.append(std::to_string(done));
  if (total > 0) text.append("/").append(std::to_string(total));
  if (!detail.empty()) text.append("  ").append(detail);
  const double fresh = done > stage_first_ ? static_cast<double>(done - stage_first_) : 0;
  if (total > done && fresh > 0)
    text.append("  ")
        .append(clock_text(elapsed / fresh * static_cast<double>(total - done)))
        .append(" left");
  return text;
}

void Progress::show(const std::string& stage, std::size_t done, std::size_t total,
                    const std::string& detail) {
  const auto now = Clock::now();
  const bool fresh = stage != stage_;
  if (fresh) {
    finish();
    stage_ = stage;
    stage_start_ = now;
    stage_first_ = done;
  }
  const bool whole = total > 0 && done >= total;
  if (!fresh && !whole &&
      now - last_shown_ < (terminal_ ? kBarPeriod : std::chrono::milliseconds(kLinePeriod)))
    return;
  last_shown_ = now;
  open_ = terminal_;
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line(done, total, detail).c_str());
  std::fflush(stderr);
}

void Progress::finish() {
  if (open_) std::fputc('\n', stderr);
  open_ = false;
}

}  // namespace novelty
