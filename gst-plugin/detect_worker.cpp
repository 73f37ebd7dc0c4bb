// SPDX-License-Identifier: Apache-2.0
// The background scoring thread.
#include "detect_worker.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

namespace novelty {
namespace {

// On Linux the nice value is a thread's own, and the threads it starts inherit it: decoding and
// display go first when every core is busy. 10 is a ninth of the weight of a thread at 0.
constexpr int kNice = 10;

void lower_priority() {
  pthread_setname_np(pthread_self(), "novelty-score");
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

}  // namespace

void Scorer::score(ScoreJob& job) {
  const auto start = std::chrono::steady_clock::now();
  job.error = nullptr;
  try {
    if (detector_ != job.detector) {
      scratch_ = job.detector->make_scratch();
      detector_ = job.detector;
    }
    detector_->score(job.frame, *scratch_, job.result, *job.counted);
    job.score = job.result.score;
  } catch (...) {
    job.error = std::current_exception();
  }
  job.elapsed_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
  job.done = true;
}

DetectWorker::DetectWorker() : thread_([this] { run(); }) {}

DetectWorker::~DetectWorker() {
  stop_ = true;
  owner_ = Owner::kWorker;
  owner_.notify_one();
  thread_.join();
}

ScoreJob* DetectWorker::idle_job() {
  return owner_.load(std::memory_order_acquire) == Owner::kCaller ? &job_ : nullptr;
}

void DetectWorker::submit() {
  job_.done = false;
  owner_.store(Owner::kWorker, std::memory_order_release);
  owner_.notify_one();
}

void DetectWorker::run() {
  lower_priority();
  Scorer scorer;
  for (;;) {
    owner_.wait(Owner::kCaller);
    if (stop_) return;
    scorer.score(job_);
    owner_ = Owner::kCaller;
    if (stop_) return;
  }
}

}  // namespace novelty
