// SPDX-License-Identifier: Apache-2.0
// The part of the picture in which novelty counts, from text or file to the patches of a model.
#include "novelty/area_mask.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/file.h"
#include "novelty/error.h"
#include "scoring/mask_shape.h"

namespace novelty {
namespace {

constexpr int kHeights = 16;        // at which a patch's area is measured
constexpr double kRounding = 1e-6;  // of a patch: 0.5357143 for 7.5/14 is still half
constexpr std::size_t kMostFileBytes = std::size_t{64} << 20;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool is_png_path(std::string_view text) {
  constexpr std::string_view kEnding = ".png";
  return text.size() >= kEnding.size() &&
         std::equal(kEnding.begin(), kEnding.end(), text.end() - kEnding.size(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

std::shared_ptr<const MaskShape> read_mask(const std::string& path) {
  const auto bytes = read_file(path, kMostFileBytes + 1);
  if (bytes.size() > kMostFileBytes)
    throw Error(ErrorKind::kFormat, path, "is over 64 MiB", "give a smaller PNG");
  return decode_mask(bytes, path);
}

// Null for a text that is empty.
std::shared_ptr<const MaskShape> shape_of(const std::string& text, const std::string& name) {
  const std::string_view shape = trimmed(text);
  if (shape.empty()) return nullptr;
  if (is_png_path(shape)) return read_mask(std::string(shape));
  return parse_polygons(text, name);
}

// Adds to each of a row's patches what part of its width the spans cover.
void add_widths(const std::vector<Span>& spans, std::span<double> patches) {
  const auto side = static_cast<double>(patches.size());
  for (const Span& span : spans) {
    const double begin = span.begin * side, end = span.end * side;
    for (auto i = static_cast<std::size_t>(begin); i < patches.size(); ++i) {
      const auto left = static_cast<double>(i);
      if (left >= end) break;
      patches[i] += std::min(end, left + 1) - std::max(begin, left);
    }
  }
}

// [grid * grid]: 1 where at least half of the patch is inside. The mean of the widths at evenly
// spaced heights is exact for straight edges that run through the whole patch.
std::vector<std::uint8_t> rasterised(const MaskShape& shape, int grid) {
  const auto side = static_cast<std::size_t>(grid), heights = side * kHeights;
  std::vector<double> widths(side * side, 0.0);
  for (std::size_t i = 0; i < heights; ++i) {
    const double y = (static_cast<double>(i) + 0.5) / static_cast<double>(heights);
    add_widths(shape.inside_at(y), std::span(widths).subspan(i / kHeights * side, side));
  }
  std::vector<std::uint8_t> inside(widths.size());
  std::transform(widths.begin(), widths.end(), inside.begin(),
                 [](double width) { return width >= kHeights * (0.5 - kRounding) ? 1 : 0; });
  return inside;
}

}  // namespace

AreaMask::AreaMask(const std::string& roi, const std::string& ignore)
    : roi_(shape_of(roi, "roi")), ignore_(shape_of(ignore, "ignore")) {}

std::vector<std::uint8_t> AreaMask::counted(int grid) const {
  if (grid < 1 || grid > 1024)
    throw Error(ErrorKind::kSettings, "grid", std::to_string(grid) + " patches a side",
                "use 1 to 1024");
  if (!roi_ && !ignore_) return {};
  std::vector<std::uint8_t> counts(static_cast<std::size_t>(grid) * grid, 1);
  if (roi_) counts = rasterised(*roi_, grid);
  if (ignore_) {
    const auto left_out = rasterised(*ignore_, grid);
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] &= left_out[i] ^ 1U;
  }
  if (std::find(counts.begin(), counts.end(), 1) == counts.end())
    throw Error(ErrorKind::kSettings, ignore_ ? (roi_ ? "roi and ignore" : "ignore") : "roi",
                "no patch of the model's " + std::to_string(grid) + " x " + std::to_string(grid) +
                    " is left to count",
                "leave at least half of one patch inside roi and outside ignore");
  return counts;
}

}  // namespace novelty
