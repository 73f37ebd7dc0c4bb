// SPDX-License-Identifier: Apache-2.0
// Wakes the threads of a team and waits for them.
#include "engine/team.h"

#include <system_error>

#include "novelty/error.h"

namespace novelty {
namespace {

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Until `value` is no longer `old`.
void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  constexpr int kSpins = 1000;  // of some tens of nanoseconds
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

Team::Team(int count) {
  threads_.reserve(static_cast<std::size_t>(count - 1));
  try {
    for (int i = 1; i < count; ++i) threads_.emplace_back([this, i] { loop(i); });
  } catch (const std::system_error& error) {
    stop();
    throw Error(ErrorKind::kResource, "threads", error.what(), "use fewer threads");
  }
}

Team::~Team() {
  stop();
}

void Team::stop() {
  job_ = nullptr;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Team::loop(int index) {
  for (std::uint32_t round = 0;;) {
    wait_while(round_, round);
    ++round;
    if (!job_) return;
    call(index);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
  }
}

void Team::call(int index) {
  try {
    (*job_)(index);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

void Team::run(const std::function<void(int)>& job) {
  job_ = &job;
  failure_ = nullptr;
  pending_.store(static_cast<std::uint32_t>(threads_.size()), std::memory_order_relaxed);
  if (!threads_.empty()) {
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }
  call(0);
  for (std::uint32_t left; (left = pending_.load(std::memory_order_acquire)) != 0;) {
    wait_while(pending_, left);
  }
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace novelty
