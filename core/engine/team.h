// SPDX-License-Identifier: Apache-2.0
// Threads that do one short job together, again and again.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace novelty {

/// The caller and `count - 1` threads of its own, joined by the destructor. They wait for the next
/// job awake for some tens of microseconds, then asleep. Thread: one caller at a time.
class Team {
 public:
  /// Throws: Error(kResource).
  explicit Team(int count);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int count() const { return static_cast<int>(threads_.size()) + 1; }

  /// Runs job(0) here and job(1) to job(count - 1) in the threads, and waits for all of them. The
  /// first exception of a job is thrown again.
  void run(const std::function<void(int)>& job);

 private:
  void loop(int index);
  void call(int index);
  void stop();

  const std::function<void(int)>* job_ = nullptr;  // of the round; null: the end
  std::atomic<std::uint32_t> round_{0};
  std::atomic<std::uint32_t> pending_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace novelty
