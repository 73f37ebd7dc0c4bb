// SPDX-License-Identifier: Apache-2.0
// One thread that does a recorder's slow work in order, behind a bounded queue.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>

namespace novelty {

/// Tasks must not throw. Thread: any, but one poster at a time.
class RecordWorker {
 public:
  using Task = std::function<void()>;

  /// max_bytes: the sum of the costs of tasks that may wait.
  explicit RecordWorker(std::size_t max_bytes);

  /// Runs what is left; a thread that does not come back (a frozen disk) is left behind.
  ~RecordWorker();
  RecordWorker(const RecordWorker&) = delete;
  RecordWorker& operator=(const RecordWorker&) = delete;

  /// Queues a task that keeps `bytes` of memory alive. Where there is no room: waits, or returns
  /// false at once if `wait` is false or flushing is set. A task of 0 bytes always has room.
  bool post(std::size_t bytes, bool wait, Task task);

  /// Waits until all is done; false when no task was finished for so long.
  bool drain(int timeout_seconds);

  void set_flushing(bool flushing);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace novelty
