// SPDX-License-Identifier: Apache-2.0
// One thread that does a recorder's slow work in order, behind a bounded queue.
#include "record_worker.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

namespace novelty {
namespace {

constexpr int kStopTimeoutSeconds = 5;

struct Item {
  std::size_t bytes;
  RecordWorker::Task task;
};

}  // namespace

struct RecordWorker::Shared {
  explicit Shared(std::size_t max) : max_bytes(max) {}

  const std::size_t max_bytes;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Item> items;      // guarded by mutex
  std::size_t bytes = 0;       // guarded by mutex: of items and of the task that runs
  std::uint64_t finished = 0;  // guarded by mutex: tasks done so far
  bool busy = false;           // guarded by mutex
  bool flushing = false;       // guarded by mutex
  bool stopping = false;       // guarded by mutex

  bool room_for(std::size_t more) const { return bytes == 0 || bytes + more <= max_bytes; }
  bool idle() const { return items.empty() && !busy; }
};

RecordWorker::RecordWorker(std::size_t max_bytes)
    : shared_(std::make_shared<Shared>(max_bytes)), thread_([shared = shared_] { run(shared); }) {}

RecordWorker::~RecordWorker() {
  const bool done = drain(kStopTimeoutSeconds);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->changed.notify_all();
  if (done) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

bool RecordWorker::post(std::size_t bytes, bool wait, Task task) {
  std::unique_lock lock(shared_->mutex);
  const auto may_go = [&] { return shared_->flushing || bytes == 0 || shared_->room_for(bytes); };
  if (wait) shared_->changed.wait(lock, may_go);
  if (bytes != 0 && !shared_->room_for(bytes)) return false;
  shared_->items.push_back({bytes, std::move(task)});
  shared_->bytes += bytes;
  lock.unlock();
  shared_->changed.notify_all();
  return true;
}

bool RecordWorker::drain(int timeout_seconds) {
  std::unique_lock lock(shared_->mutex);
  while (!shared_->idle()) {
    const std::uint64_t before = shared_->finished;
    const bool moved = shared_->changed.wait_for(lock, std::chrono::seconds(timeout_seconds), [&] {
      return shared_->idle() || shared_->finished != before;
    });
    if (!moved) return false;
  }
  return true;
}

void RecordWorker::set_flushing(bool flushing) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->flushing = flushing;
  }
  shared_->changed.notify_all();
}

void RecordWorker::run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->stopping || !shared->items.empty(); });
    if (shared->items.empty()) return;
    Item item = std::move(shared->items.front());
    shared->items.pop_front();
    shared->busy = true;
    lock.unlock();
    item.task();
    item.task = nullptr;  // its captures end here, unlocked
    lock.lock();
    shared->busy = false;
    shared->bytes -= item.bytes;
    ++shared->finished;
    shared->changed.notify_all();
  }
}

}  // namespace novelty
