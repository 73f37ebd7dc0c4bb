// SPDX-License-Identifier: Apache-2.0
// Words for rates of false alarms and lengths of footage.
#include "trainer/promise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "calibration/calibration.h"

namespace novelty {
namespace {

constexpr double kSecondsPerHour = 3600, kSecondsPerMinute = 60;

// Two digits, with commas between thousands: "0.5", "9,800". 0 for what is too small to matter.
std::string rate_text(double rate) {
  if (!(rate >= 1e-6)) return "0";
  if (rate < 100) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2g", rate);
    return text.data();
  }
  const double unit = std::pow(10, std::floor(std::log10(rate)) - 1);
  std::string text = std::to_string(std::llround(std::min(std::round(rate / unit) * unit, 1e15)));
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string alarms(double rate) {
  const std::string text = rate_text(rate);
  return text + (text == "1" ? " false alarm an hour" : " false alarms an hour");
}

std::string length_text(double hours) {
  const double seconds = hours * kSecondsPerHour;
  std::array<char, 48> text{};
  if (seconds < 2 * kSecondsPerMinute)
    std::snprintf(text.data(), text.size(), "%.3g s", seconds);
  else if (seconds < 2 * kSecondsPerHour)
    std::snprintf(text.data(), text.size(), "%.3g min", seconds / kSecondsPerMinute);
  else
    return rate_text(hours) + " h";
  return text.data();
}

std::string threshold_text(double threshold) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", threshold);
  return text.data();
}

}  // namespace

std::string promise_text(const ModelInfo& info) {
  return "Threshold " + threshold_text(info.threshold) + " aims at " +
         alarms(info.target_per_hour) + "; " + rate_text(info.expected_per_hour) +
         " expected, 95 % interval " + rate_text(info.expected_low) + " to " +
         rate_text(info.expected_high) + ", from " + length_text(info.calibration_hours) +
         " of held-out footage.";
}

std::optional<std::string> promise_warning(const ModelInfo& info) {
  // The same rule either way: what footage promises, and what a promise needs, is 3 over it.
  const double promised = hours_needed(info.calibration_hours);
  if (promised <= info.target_per_hour) return std::nullopt;
  return alarms(info.target_per_hour) + " cannot be promised from " +
         length_text(info.calibration_hours) +
         " of held-out footage: at 95 % it can promise at most " + rate_text(promised) +
         " an hour. Calibrate on " + length_text(hours_needed(info.target_per_hour)) +
         " of normal footage: novelty calibrate MODEL FOOTAGE";
}

}  // namespace novelty
