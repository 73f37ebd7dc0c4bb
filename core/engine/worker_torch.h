// SPDX-License-Identifier: Apache-2.0
// The threads on which all LibTorch work of one object runs.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace novelty {

// Note [Threads and LibTorch]
// How many threads an operation may use is a setting of the calling thread (OpenMP's and MKL's), so
// it is made on threads of our own: the caller's setting stays, and what runs here does not depend
// on it. One network a thread is 1.1 to 1.7 times quicker than one network over two threads.

/// A fixed number of threads, joined by the destructor. Thread: one caller at a time.
class Workers {
 public:
  /// intra_op_threads: how many threads an operation of LibTorch may use in each worker.
  /// Throws: Error(kResource).
  Workers(int count, int intra_op_threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int count() const { return static_cast<int>(threads_.size()); }

  /// Runs job(0) to job(count - 1), one in each worker, and waits for all of them. The first
  /// exception of a job is thrown again as Error.
  void run(const std::function<void(int)>& job);

 private:
  void loop(int index);
  void join();

  const int intra_op_threads_;
  std::mutex mutex_;
  std::condition_variable started_, finished_;
  const std::function<void(int)>* job_ = nullptr;  // guarded by mutex_
  std::uint64_t round_ = 0;                        // guarded by mutex_; one more with each run
  int pending_ = 0;                                // guarded by mutex_
  bool stopping_ = false;                          // guarded by mutex_
  std::exception_ptr failure_;                     // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace novelty
