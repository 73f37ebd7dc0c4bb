// SPDX-License-Identifier: Apache-2.0
// How fast an engine scores: frames a second over streams, and the latency of single frames.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/backend.h"

namespace novelty {

/// A frame is both networks on it and the discrepancy of their tokens.
struct Throughput {
  int streams = 0;
  std::size_t frames = 0;
  double seconds = 0;
  double resident_mb = 0;  ///< of the process, while the streams run

  double per_second() const { return seconds > 0 ? static_cast<double>(frames) / seconds : 0; }
};

/// Milliseconds, nearest rank.
struct Latency {
  int threads = 0;
  std::size_t frames = 0;
  double p50 = 0, p95 = 0, p99 = 0;
};

/// Called in the caller's thread every tenth of a second with the seconds so far; may throw.
using TimingProgress = std::function<void(double seconds)>;

/// `streams` threads score `patches` over and over, each with a scratch of its own, for `seconds`
/// after each has scored warm-up frames; then the frames in flight are waited for and count.
Throughput measure_throughput(const Engine& engine, const VitConfig& config,
                              std::span<const float> patches, int streams, double seconds,
                              const TimingProgress& progress);

/// One frame at a time for `seconds`, after warm-up frames. `threads`: what the engine was made
/// with.
Latency measure_latency(const Engine& engine, const VitConfig& config,
                        std::span<const float> patches, int threads, double seconds,
                        const TimingProgress& progress);

/// The processor and those of its instructions that matter to an engine, best last.
struct CpuFacts {
  std::string model;
  int cores = 1;  ///< that this process may use
  std::vector<std::string> features;
};
CpuFacts cpu_facts();

}  // namespace novelty
