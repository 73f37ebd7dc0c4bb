// SPDX-License-Identifier: Apache-2.0
// Splits, batches and the learning rate of a training run.
#include "trainer/plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "novelty/error.h"

namespace novelty {
namespace {

// Fewer moments say too little about how scores spread.
constexpr std::size_t kLeastHeldOut = 5;

// Fisher-Yates with our own generator: std::shuffle differs between standard libraries.
std::vector<std::size_t> permutation(std::size_t count, Rng rng) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  return order;
}

}  // namespace

Rng rng_for(std::uint64_t seed, Draw purpose, std::uint64_t index) {
  return Rng(seed, (static_cast<std::uint64_t>(purpose) << 56U) | index);
}

Split split_pictures(std::size_t count, bool time_ordered, double share, std::uint64_t seed) {
  if (count < kLeastPictures)
    throw Error(ErrorKind::kSettings, "input",
                std::to_string(count) + " pictures are too few to learn from",
                "give at least " + std::to_string(kLeastPictures) + ", better several hundred");
  const auto wanted = static_cast<std::size_t>(std::lround(share * static_cast<double>(count)));
  const std::size_t held = std::min(std::max(wanted, kLeastHeldOut), count / 2);
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!time_ordered) order = permutation(count, rng_for(seed, Draw::kSplit, 0));
  const auto middle = order.end() - static_cast<std::ptrdiff_t>(held);
  std::sort(order.begin(), middle);
  std::sort(middle, order.end());
  return {{order.begin(), middle}, {middle, order.end()}};
}

std::size_t steps_per_epoch(std::size_t records, std::size_t batch) {
  return std::max<std::size_t>(1, records / batch);
}

std::vector<std::size_t> batch_of_step(std::size_t step, std::size_t records, std::size_t batch,
                                       std::uint64_t seed) {
  const std::size_t per_epoch = steps_per_epoch(records, batch);
  const auto order = permutation(records, rng_for(seed, Draw::kOrder, step / per_epoch));
  const auto first = order.begin() + static_cast<std::ptrdiff_t>(step % per_epoch * batch);
  const std::size_t size = std::min(batch, records);
  return {first, first + static_cast<std::ptrdiff_t>(size)};
}

double learning_rate_at(std::size_t step, std::size_t steps, double peak, double warmup) {
  const double warm = std::max(1.0, std::floor(warmup * static_cast<double>(steps)));
  const auto now = static_cast<double>(step);
  if (now < warm) return peak * (now + 1) / warm;
  const double left = std::max(1.0, static_cast<double>(steps) - warm);
  return peak * 0.5 * (1 + std::cos(std::numbers::pi * (now - warm) / left));
}

}  // namespace novelty
