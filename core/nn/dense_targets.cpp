// SPDX-License-Identifier: Apache-2.0
// Sinkhorn's iterations and the alignment of a map with a part of its picture.
#include "nn/dense_targets.h"

#include <algorithm>
#include <cmath>

namespace novelty {
namespace {

// exp(score / epsilon), all divided by the largest, which the first balance cancels.
void exponentials(std::span<float> scores, float epsilon) {
  const float most = *std::max_element(scores.begin(), scores.end());
  for (float& value : scores) value = std::exp((value - most) / epsilon);
}

// Makes each column sum to rows / columns.
void balance_columns(std::span<float> plan, std::size_t columns) {
  std::vector<float> factors(columns);
  const std::size_t rows = plan.size() / columns;
  for (std::size_t k = 0; k < columns; ++k) {
    double sum = 0;
    for (std::size_t i = k; i < plan.size(); i += columns) sum += double{plan[i]};
    const double share = static_cast<double>(rows) / static_cast<double>(columns);
    factors[k] = static_cast<float>(share / std::max(sum, 1e-30));
  }
  for (std::size_t i = 0; i < plan.size(); ++i) plan[i] *= factors[i % columns];
}

void normalise_row(std::span<float> row) {
  double sum = 0;
  for (const float value : row) sum += double{value};
  for (float& value : row) value = static_cast<float>(double{value} / std::max(sum, 1e-30));
}

// A place between the centres of two neighbouring patches.
struct Between {
  std::size_t low, high;
  float share;  // of `high`
};

Between between(float place, std::size_t grid) {
  const float last = static_cast<float>(grid - 1);
  const float at = std::clamp(place * static_cast<float>(grid) - 0.5F, 0.0F, last);
  const auto low = static_cast<std::size_t>(at);
  return {low, std::min(low + 1, grid - 1), at - static_cast<float>(low)};
}

}  // namespace

void sinkhorn(std::span<float> scores, std::size_t prototypes, double epsilon, int iterations) {
  exponentials(scores, static_cast<float>(epsilon));
  for (int round = 0; round < iterations; ++round) {
    balance_columns(scores, prototypes);
    for (std::size_t i = 0; i < scores.size(); i += prototypes)
      normalise_row(scores.subspan(i, prototypes));
  }
}

void harden(std::span<float> targets, std::size_t prototypes) {
  for (std::size_t i = 0; i < targets.size(); i += prototypes) {
    const auto row = targets.subspan(i, prototypes);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    std::fill(row.begin(), row.end(), 0.0F);
    row[static_cast<std::size_t>(best)] = 1;
  }
}

std::vector<float> aligned(std::span<const float> map, std::size_t grid, const Box& box,
                           std::size_t crop_grid) {
  const std::size_t values = map.size() / (grid * grid);
  const auto place = [&](std::size_t cell, float from, float to) {
    const float share = (static_cast<float>(cell) + 0.5F) / static_cast<float>(crop_grid);
    return between(from + (to - from) * share, grid);
  };
  std::vector<float> out;
  out.reserve(crop_grid * crop_grid * values);
  for (std::size_t y = 0; y < crop_grid; ++y) {
    const Between row = place(y, box[1], box[3]);
    for (std::size_t x = 0; x < crop_grid; ++x) {
      const Between column = place(x, box[0], box[2]);
      const auto at = [&](std::size_t r, std::size_t c, std::size_t v) {
        return map[(r * grid + c) * values + v];
      };
      for (std::size_t v = 0; v < values; ++v) {
        const float top =
            std::lerp(at(row.low, column.low, v), at(row.low, column.high, v), column.share);
        const float bottom =
            std::lerp(at(row.high, column.low, v), at(row.high, column.high, v), column.share);
        out.push_back(std::lerp(top, bottom, row.share));
      }
    }
  }
  return out;
}

}  // namespace novelty
