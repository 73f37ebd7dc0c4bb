// SPDX-License-Identifier: Apache-2.0
// Batches of items of many threads: complete, bounded, in order, and what happens to failures.
#include "engine/batcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

namespace novelty {
namespace {

struct Item {
  int thread = 0, number = 0, times = 0;
};

TEST(Batcher, WorksOnEveryItemOnceInTheOrderOfItsThread) {
  constexpr int kThreads = 8, kItems = 200;
  constexpr std::size_t kLanes = 2, kMost = 5;
  std::vector<int> last(kThreads, -1);
  std::atomic<int> busy[kLanes] = {};
  std::atomic<std::size_t> largest = 0, total = 0;
  Batcher batcher(kLanes, kMost, [&](std::size_t lane, std::span<void* const> items) {
    ASSERT_LT(lane, kLanes);
    EXPECT_EQ(++busy[lane], 1);
    for (void* const each : items) {
      auto& item = *static_cast<Item*>(each);
      ++item.times;
      EXPECT_EQ(last[static_cast<std::size_t>(item.thread)], item.number - 1);
      last[static_cast<std::size_t>(item.thread)] = item.number;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    std::size_t before = largest;
    while (before < items.size() && !largest.compare_exchange_weak(before, items.size())) {
    }
    total += items.size();
    --busy[lane];
  });
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kItems; ++i) {
        Item item{t, i, 0};
        batcher.submit(&item);
        EXPECT_EQ(item.times, 1);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(total, std::size_t{kThreads} * kItems);
  EXPECT_GT(largest, 1U) << "nothing was ever worked on together";
  EXPECT_LE(largest, kMost);
}

TEST(Batcher, DoesNotWaitForOthers) {
  std::size_t size = 0;
  Batcher batcher(1, 64, [&](std::size_t, std::span<void* const> items) { size = items.size(); });
  Item item;
  batcher.submit(&item);
  EXPECT_EQ(size, 1U);
}

TEST(Batcher, HandsAFailureToItsBatchAlone) {
  std::latch second_waits(1), first_runs(1);
  Batcher batcher(1, 8, [&](std::size_t, std::span<void* const> items) {
    const auto& item = *static_cast<Item*>(items[0]);
    if (item.number == 0) {
      first_runs.count_down();
      second_waits.wait();
      throw std::runtime_error("lost");
    }
  });
  std::jthread first([&] {
    Item item;
    EXPECT_THROW(batcher.submit(&item), std::runtime_error);
  });
  first_runs.wait();
  std::jthread second([&] {
    Item item{1, 1, 0};
    EXPECT_NO_THROW(batcher.submit(&item));
  });
  second_waits.count_down();
}

}  // namespace
}  // namespace novelty
