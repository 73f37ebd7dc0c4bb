// SPDX-License-Identifier: Apache-2.0
// Lets threads that each bring one item have them worked on together.
#include "engine/batcher.h"

#include <algorithm>
#include <utility>

namespace novelty {

Batcher::Batcher(std::size_t lanes, std::size_t most, Run run) : most_(most), run_(std::move(run)) {
  for (std::size_t lane = lanes; lane > 0; --lane) free_lanes_.push_back(lane - 1);
}

void Batcher::submit(void* item) {
  Entry own{item, false, false, {}, {}};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&own);
  while (!own.done) {
    if (!own.taken && !free_lanes_.empty()) {
      lead(lock);
    } else {
      own.changed.wait(lock);
    }
  }
  if (own.failure) std::rethrow_exception(own.failure);
}

// An entry lives until its `done` is seen, which needs the lock.
void Batcher::lead(std::unique_lock<std::mutex>& lock) {
  const std::size_t lane = free_lanes_.back();
  free_lanes_.pop_back();
  const std::size_t count = std::min(most_, waiting_.size());
  std::vector<Entry*> batch;
  std::vector<void*> items;
  std::exception_ptr failure;
  try {
    batch.reserve(count);
    items.reserve(count);
    while (batch.size() < count) {
      batch.push_back(waiting_.front());
      items.push_back(waiting_.front()->item);
      waiting_.front()->taken = true;
      waiting_.pop_front();
    }
    lock.unlock();
    run_(lane, items);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!lock.owns_lock()) lock.lock();
  free_lanes_.push_back(lane);
  for (Entry* entry : batch) {
    entry->done = true;
    entry->failure = failure;
    entry->changed.notify_one();
  }
  if (!waiting_.empty()) waiting_.front()->changed.notify_one();
}

}  // namespace novelty
