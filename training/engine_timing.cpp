// SPDX-License-Identifier: Apache-2.0
// How fast an engine scores.
#include "engine_timing.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

namespace novelty {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWarmUpFrames = 3;
constexpr std::chrono::milliseconds kProgressPeriod{100};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What one thread needs to score.
class Stream {
 public:
  Stream(const Engine& engine, const VitConfig& config, std::span<const float> patches)
      : engine_(engine),
        patches_(patches),
        scratch_(engine.make_scratch()),
        discrepancy_(config.patch_count()) {
    for (int i = 0; i < kWarmUpFrames; ++i) score();
  }

  void score() { engine_.score(patches_, *scratch_, discrepancy_, {}, {}); }

 private:
  const Engine& engine_;
  std::span<const float> patches_;
  std::unique_ptr<Engine::Scratch> scratch_;
  std::vector<float> discrepancy_;
};

/// Lets streams begin together and end together, and keeps the first error of one.
struct Race {
  std::atomic<int> ready{0};
  std::atomic<bool> started{false}, over{false};
  std::atomic<std::size_t> frames{0};
  std::mutex mutex;
  std::exception_ptr failure;  // guarded by mutex

  void fail() {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::current_exception();
    over = true;
  }
};

void run_stream(const Engine& engine, const VitConfig& config, std::span<const float> patches,
                Race& race) {
  try {
    Stream stream(engine, config, patches);
    ++race.ready;
    race.started.wait(false);
    while (!race.over) {
      stream.score();
      ++race.frames;
    }
  } catch (...) {
    race.fail();
  }
}

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) * 1e-6;
}

void start(Race& race) {
  race.started = true;
  race.started.notify_all();
}

/// Starts the race and lets it run for `seconds`. Returns when it started.
Clock::time_point watch(Race& race, int streams, double seconds, const TimingProgress& progress) {
  while (race.ready < streams && !race.over) std::this_thread::sleep_for(kProgressPeriod / 10);
  start(race);
  const auto begin = Clock::now();
  while (!race.over && seconds_since(begin) < seconds) {
    const std::chrono::duration<double> left(seconds - seconds_since(begin));
    std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(left, kProgressPeriod));
    progress(seconds_since(begin));
  }
  return begin;
}

double nearest_rank(const std::vector<double>& sorted, double share) {
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted.at(static_cast<std::size_t>(std::max(1.0, rank)) - 1);
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

}  // namespace

Throughput measure_throughput(const Engine& engine, const VitConfig& config,
                              std::span<const float> patches, int streams, double seconds,
                              const TimingProgress& progress) {
  Race race;
  std::vector<std::jthread> threads;
  Clock::time_point begin;
  double resident = 0;
  try {
    for (int i = 0; i < streams; ++i)
      threads.emplace_back([&] { run_stream(engine, config, patches, race); });
    begin = watch(race, streams, seconds, progress);
    resident = resident_mb();
  } catch (...) {
    race.fail();
  }
  race.over = true;
  start(race);
  threads.clear();  // joins: the frames in flight end
  if (race.failure) std::rethrow_exception(race.failure);
  return {streams, race.frames, seconds_since(begin), resident};
}

Latency measure_latency(const Engine& engine, const VitConfig& config,
                        std::span<const float> patches, int threads, double seconds,
                        const TimingProgress& progress) {
  Stream stream(engine, config, patches);
  std::vector<double> times;
  const auto begin = Clock::now();
  auto last_told = begin;
  do {
    const auto start_of_frame = Clock::now();
    stream.score();
    const auto end = Clock::now();
    times.push_back(1e3 * std::chrono::duration<double>(end - start_of_frame).count());
    if (end - last_told < kProgressPeriod) continue;
    last_told = end;
    progress(seconds_since(begin));
  } while (seconds_since(begin) < seconds);
  std::sort(times.begin(), times.end());
  return {threads, times.size(), nearest_rank(times, 0.5), nearest_rank(times, 0.95),
          nearest_rank(times, 0.99)};
}

CpuFacts cpu_facts() {
  static constexpr std::array kKnown{"neon",        "asimd",    "sve",         "avx2",
                                     "avx_vnni",    "avx512f",  "avx512_vnni", "avx512_bf16",
                                     "avx512_fp16", "amx_int8", "amx_bf16"};
  CpuFacts facts{"", usable_cores(), {}};
  std::ifstream file("/proc/cpuinfo");
  std::vector<std::string> flags;
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon + 2 > line.size()) continue;
    const std::string value = line.substr(colon + 2);
    if (line.starts_with("model name")) facts.model = value;
    if (!flags.empty() || !(line.starts_with("flags") || line.starts_with("Features"))) continue;
    std::istringstream words(value);
    for (std::string word; words >> word;) flags.push_back(word);
  }
  for (const char* name : kKnown)
    if (std::find(flags.begin(), flags.end(), name) != flags.end())
      facts.features.emplace_back(name);
  return facts;
}

}  // namespace novelty
