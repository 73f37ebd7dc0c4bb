// SPDX-License-Identifier: Apache-2.0
// Which frames of an input to take.
#include "frame_ranges.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "novelty/error.h"

namespace novelty {
namespace {

// Far beyond any footage, and far from overflow.
constexpr std::size_t kMaxFrame = 1'000'000'000'000;

[[noreturn]] void refuse(const std::string& text) {
  throw Error(ErrorKind::kSettings, "--frames", "'" + text + "' is not a list of frame ranges",
              "write it like 0-54 or 0-54,100-120");
}

std::size_t parse_number(const std::string& digits, const std::string& text) {
  std::size_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, value);
  if (failure != std::errc() || stop != end || digits.empty() || value > kMaxFrame) refuse(text);
  return value;
}

}  // namespace

FrameRanges FrameRanges::parse(const std::string& text) {
  std::vector<Range> parsed;
  std::istringstream stream(text + ",");
  for (std::string part; std::getline(stream, part, ',');) {
    const std::size_t dash = part.find('-');
    const std::size_t first = parse_number(part.substr(0, dash), text);
    const std::size_t last =
        dash == std::string::npos ? first : parse_number(part.substr(dash + 1), text);
    if (last < first) refuse(text);
    parsed.push_back({first, last});
  }
  std::sort(parsed.begin(), parsed.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  FrameRanges result;
  for (const Range& range : parsed) {
    auto& merged = result.ranges_;
    if (!merged.empty() && range.first <= merged.back().last + 1)
      merged.back().last = std::max(merged.back().last, range.last);
    else
      merged.push_back(range);
  }
  return result;
}

bool FrameRanges::contains(std::size_t frame) const {
  return ranges_.empty() ||
         std::any_of(ranges_.begin(), ranges_.end(), [frame](const Range& range) {
           return range.first <= frame && frame <= range.last;
         });
}

bool FrameRanges::ends_before(std::size_t frame) const {
  return !ranges_.empty() && ranges_.back().last < frame;
}

std::size_t FrameRanges::count_within(std::size_t count) const {
  if (ranges_.empty()) return count;
  std::size_t sum = 0;
  for (const Range& range : ranges_)
    if (range.first < count) sum += std::min(range.last, count - 1) - range.first + 1;
  return sum;
}

std::size_t FrameRanges::nth(std::size_t n) const {
  for (const Range& range : ranges_) {
    const std::size_t length = range.last - range.first + 1;
    if (n < length) return range.first + n;
    n -= length;
  }
  return n;
}

std::string FrameRanges::text() const {
  std::string text;
  for (const Range& range : ranges_) {
    if (!text.empty()) text += ",";
    text += std::to_string(range.first);
    if (range.last != range.first) text.append("-").append(std::to_string(range.last));
  }
  return text;
}

}  // namespace novelty
