// SPDX-License-Identifier: Apache-2.0
// The threads on which all LibTorch work of one object runs.
#include "engine/worker_torch.h"

#include <ATen/Parallel.h>

#include <utility>

#include "engine/error_torch.h"

namespace novelty {
namespace {

std::exception_ptr failure_of(const std::function<void(int)>& job, int index,
                              int intra_op_threads) noexcept {
  try {
    try {
      if (at::get_num_threads() != intra_op_threads) at::set_num_threads(intra_op_threads);
      job(index);
    } catch (...) {
      rethrow_as_error();
    }
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

}  // namespace

Workers::Workers(int count, int intra_op_threads) : intra_op_threads_(intra_op_threads) {
  try {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this, i] { loop(i); });
  } catch (...) {
    join();
    rethrow_as_error();
  }
}

Workers::~Workers() {
  join();
}

void Workers::join() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  started_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Workers::run(const std::function<void(int)>& job) {
  std::unique_lock lock(mutex_);
  job_ = &job;
  pending_ = count();
  ++round_;
  started_.notify_all();
  finished_.wait(lock, [this] { return pending_ == 0; });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Workers::loop(int index) {
  std::unique_lock lock(mutex_);
  for (std::uint64_t seen = 0;; seen = round_) {
    started_.wait(lock, [&] { return stopping_ || round_ != seen; });
    if (stopping_) return;
    const auto* job = job_;
    lock.unlock();
    const std::exception_ptr failure = failure_of(*job, index, intra_op_threads_);
    lock.lock();
    if (failure && !failure_) failure_ = failure;
    if (--pending_ == 0) finished_.notify_one();
  }
}

}  // namespace novelty
