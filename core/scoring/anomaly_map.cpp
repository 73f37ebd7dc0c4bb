// SPDX-License-Identifier: Apache-2.0
// From the patches' discrepancy to an image score, a map on the calibrated scale and regions.
#include "scoring/anomaly_map.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

void check_score_input(std::span<const float> values, double top_share) {
  if (values.empty()) throw Error(ErrorKind::kSettings, "image score", "there are no patches");
  if (!(top_share > 0 && top_share <= 1)) {
    throw Error(ErrorKind::kSettings, "top share", std::to_string(top_share),
                "use more than 0, up to 1");
  }
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  if (bad == values.end()) return;
  throw Error(ErrorKind::kFormat, "image score",
              "the value of patch " + std::to_string(bad - values.begin()) + " is not finite",
              "the model is damaged: train it again");
}

// The discount keeps 0.07 * 100 at 7 although its product is a little more.
std::size_t top_count(double share, std::size_t n) {
  const double count = std::ceil(share * static_cast<double>(n) - 1e-9);
  return std::clamp<std::size_t>(static_cast<std::size_t>(count), 1, n);
}

class Flood {
 public:
  Flood(std::span<const float> map, int size) : map_(map), size_(size), seen_(map.size(), false) {}

  struct Area {
    float peak;
    Region region;
  };

  std::vector<Area> areas() {
    std::vector<Area> found;
    for (int i = 0; i < size_ * size_; ++i) {
      if (is_open(i)) found.push_back(fill(i));
    }
    return found;
  }

 private:
  bool is_open(int i) const { return !seen_[i] && map_[i] >= 1.0F; }

  void visit(int i) {
    seen_[i] = true;
    pending_.push_back(i);
  }

  void visit_neighbours(int x, int y) {
    for (int ny = std::max(0, y - 1); ny <= std::min(size_ - 1, y + 1); ++ny) {
      for (int nx = std::max(0, x - 1); nx <= std::min(size_ - 1, x + 1); ++nx) {
        if (is_open(ny * size_ + nx)) visit(ny * size_ + nx);
      }
    }
  }

  Area fill(int start) {
    int left = size_, top = size_, right = 0, bottom = 0;
    float peak = 0;
    visit(start);
    while (!pending_.empty()) {
      const int i = pending_.back();
      pending_.pop_back();
      const int x = i % size_;
      const int y = i / size_;
      left = std::min(left, x);
      right = std::max(right, x + 1);
      top = std::min(top, y);
      bottom = std::max(bottom, y + 1);
      peak = std::max(peak, map_[i]);
      visit_neighbours(x, y);
    }
    return {peak, box(left, top, right, bottom)};
  }

  Region box(int left, int top, int right, int bottom) const {
    const auto side = static_cast<float>(size_);
    return {static_cast<float>(left) / side, static_cast<float>(top) / side,
            static_cast<float>(right - left) / side, static_cast<float>(bottom - top) / side, 1.0F};
  }

  std::span<const float> map_;
  int size_;
  std::vector<bool> seen_;
  std::vector<int> pending_;
};

}  // namespace

double image_score(std::span<const float> values, double top_share) {
  check_score_input(values, top_share);
  std::vector<float> highest(top_count(top_share, values.size()));
  std::partial_sort_copy(values.begin(), values.end(), highest.begin(), highest.end(),
                         std::greater<>());
  return std::accumulate(highest.begin(), highest.end(), 0.0) / static_cast<double>(highest.size());
}

// Note [Masked patches]
// The score averages as many patches as without a mask, ceil(top_share * n) of all n, and a patch
// that does not count enters with the lowest value of those that do, or with 0 if that is lower. So
// as long as enough patches count, the score is the mean of the highest of them. With fewer it is
// filled up with values that are at most the start of the upper tail: averaging only what is left
// would let one restless patch alone score more than the highest ten, for which threshold and
// p-values were calibrated. A mask can make events rarer in normal footage, never more frequent.
void leave_out(std::span<const std::uint8_t> counted, std::span<float> values) {
  if (counted.empty()) return;
  if (counted.size() != values.size())
    throw Error(ErrorKind::kSettings, "mask",
                std::to_string(counted.size()) + " patches for a picture of " +
                    std::to_string(values.size()),
                "rasterise it with the model's grid_size");
  float fill = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (counted[i] != 0) fill = std::min(fill, values[i]);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (counted[i] == 0) values[i] = fill;
}

std::vector<Region> regions_of(std::span<const float> map, int size, std::size_t limit) {
  if (size < 1 || size > 4096 || map.size() != static_cast<std::size_t>(size) * size) {
    throw Error(ErrorKind::kSettings, "anomaly map",
                std::to_string(map.size()) + " values for a side of " + std::to_string(size),
                "give side x side values");
  }
  std::vector<Flood::Area> areas = Flood(map, size).areas();
  std::stable_sort(areas.begin(), areas.end(),
                   [](const auto& a, const auto& b) { return a.peak > b.peak; });
  std::vector<Region> regions;
  for (std::size_t i = 0; i < std::min(limit, areas.size()); ++i) {
    regions.push_back(areas[i].region);
  }
  return regions;
}

}  // namespace novelty
