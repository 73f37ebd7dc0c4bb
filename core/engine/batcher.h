// SPDX-License-Identifier: Apache-2.0
// Lets threads that each bring one item have them worked on together.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

namespace novelty {

/// Note [Batches without waiting]
/// There is no thread of its own and no timer. Whoever finds a lane free works on all that wait,
/// oldest first; who comes while all lanes are busy waits. So a frame is never held back for others
/// to come, and the busier the device, the larger the batches.
class Batcher {
 public:
  /// Works on a batch, in the thread of one of its items, in one lane. What it throws, all of the
  /// batch's submit() throw.
  using Run = std::function<void(std::size_t lane, std::span<void* const> items)>;

  /// lanes, most: at least 1.
  Batcher(std::size_t lanes, std::size_t most, Run run);

  /// Returns when `item` has been worked on. Items of one thread are in order. Thread: any.
  void submit(void* item);

 private:
  struct Entry {
    void* item;
    bool taken = false, done = false;
    std::exception_ptr failure;
    std::condition_variable changed;
  };

  void lead(std::unique_lock<std::mutex>& lock);

  const std::size_t most_;
  const Run run_;
  std::mutex mutex_;
  std::deque<Entry*> waiting_;           // guarded by mutex_, as the entries are
  std::vector<std::size_t> free_lanes_;  // guarded by mutex_
};

}  // namespace novelty
