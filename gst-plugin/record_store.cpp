// SPDX-License-Identifier: Apache-2.0
// The place of a recorder's files: their names, their budget, and order after a crash.
#include "record_store.h"

#include <glib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "record_host.h"
#include "record_index.h"
#include "record_recover.h"

namespace novelty {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds kStopTimeout{5};
constexpr seconds kOpenInterval{2};   // between two looks at what open clips take
constexpr seconds kScanInterval{60};  // between two looks at what others put there
constexpr seconds kFirstRetry{5};     // after a disk failed; doubles
constexpr seconds kLastRetry{600};
constexpr std::size_t kMaxChanges = 1000;
constexpr int kMaxFailures = 16;  // that a round of removals puts up with

}  // namespace

struct RecordStore::Shared {
  Shared(std::string root, const RecordBudget& limits, std::shared_ptr<RecordHost> speaker)
      : budget(limits), host(std::move(speaker)), index(std::move(root)) {}

  const RecordBudget budget;
  const std::shared_ptr<RecordHost> host;

  std::mutex mutex;
  std::condition_variable woken;
  std::vector<RecordKey> changes;   // guarded by mutex
  bool scan_soon = true;            // guarded by mutex
  std::vector<RecordKey> removals;  // guarded by mutex
  bool retry = false;               // guarded by mutex
  bool done = false;                // guarded by mutex
  std::atomic<bool> stop{false};

  // The thread's own.
  RecordIndex index;
  Clock::time_point next_scan;
  seconds retry_interval = kFirstRetry;
  bool told_pinned = false;

  bool has_budget() const { return budget.max_bytes > 0 || budget.max_age_ns > 0; }
  bool has_open() const;
  RecordKey key_of(const std::string& base) const { return base.substr(index.path_of("").size()); }
  void note(const std::string& base, bool failed);
  void remove(const std::string& base);
  bool wait_for_work();
  void round();
  void scan();
  void recover();
  void enforce();
  std::int64_t remove_oldest();
  void tell_pinned(std::int64_t pinned);
};

bool RecordStore::Shared::has_open() const {
  const auto& all = index.recordings();
  return std::any_of(all.begin(), all.end(), [](const auto& item) { return item.second.open; });
}

void RecordStore::Shared::note(const std::string& base, bool failed) {
  {
    const std::lock_guard lock(mutex);
    if (changes.size() < kMaxChanges) {
      changes.push_back(key_of(base));
    } else {
      scan_soon = true;
    }
    retry = retry || failed;
  }
  woken.notify_all();
}

void RecordStore::Shared::remove(const std::string& base) {
  {
    const std::lock_guard lock(mutex);
    if (removals.size() < kMaxChanges) removals.push_back(key_of(base));
  }
  woken.notify_all();
}

// False: the time of this thread is over.
bool RecordStore::Shared::wait_for_work() {
  std::unique_lock lock(mutex);
  const auto ready = [&] { return stop || scan_soon || !changes.empty() || !removals.empty(); };
  const bool timed = has_budget() || retry;
  const auto until = has_open() && budget.max_bytes > 0
                         ? std::min(next_scan, Clock::now() + kOpenInterval)
                         : next_scan;
  if (timed) {
    woken.wait_until(lock, until, ready);
  } else {
    woken.wait(lock, ready);
  }
  return !stop;
}

void RecordStore::Shared::scan() {
  next_scan = Clock::now() + (has_budget() ? kScanInterval : kLastRetry);
  index.scan();
  recover();
}

void RecordStore::Shared::recover() {
  std::vector<RecordKey> open;
  for (const auto& [key, recording] : index.recordings()) {
    if (recording.open) open.push_back(key);
  }
  bool failed = false;
  for (const RecordKey& key : open) {
    if (stop) return;
    std::optional<RecoveredRecording> found;
    failed = recover_recording(index.path_of(key), stop, found) == Recovery::kFailed || failed;
    index.update(key);
    if (found) {
      host->announce(found->kind, found->path, found->sidecar, found->first_event, found->events);
    }
  }
  retry_interval = failed ? std::min(2 * retry_interval, kLastRetry) : kFirstRetry;
  if (failed) next_scan = std::min(next_scan, Clock::now() + retry_interval);
  const std::lock_guard lock(mutex);
  retry = failed;
}

void RecordStore::Shared::round() {
  std::vector<RecordKey> changed;
  std::vector<RecordKey> removed;
  bool scan_now = false;
  {
    const std::lock_guard lock(mutex);
    changed.swap(changes);
    removed.swap(removals);
    if (retry) next_scan = std::min(next_scan, Clock::now() + retry_interval);
    scan_now = scan_soon || Clock::now() >= next_scan;
    scan_soon = false;
  }
  for (const RecordKey& key : removed) index.remove(key);
  for (const RecordKey& key : changed) index.update(key);
  if (scan_now && (has_budget() || !stop)) scan();
  if (has_budget()) enforce();
}

void RecordStore::Shared::enforce() {
  index.measure_open();
  const std::int64_t pinned = remove_oldest();
  const bool over = budget.max_bytes > 0 && pinned > budget.max_bytes;
  if (over && !told_pinned) tell_pinned(pinned);
  told_pinned = over;
}

// Bytes of the pinned recordings that were passed over.
std::int64_t RecordStore::Shared::remove_oldest() {
  const std::int64_t oldest_ns =
      budget.max_age_ns > 0 ? g_get_real_time() * 1000 - budget.max_age_ns : 0;
  const auto is_over = [&](std::int64_t mtime_ns) {
    return mtime_ns < oldest_ns || (budget.max_bytes > 0 && index.bytes() > budget.max_bytes);
  };
  std::vector<std::pair<std::int64_t, RecordKey>> by_age;
  for (const auto& [key, recording] : index.recordings()) {
    if (!recording.open && is_over(recording.mtime_ns))
      by_age.emplace_back(recording.mtime_ns, key);
  }
  std::sort(by_age.begin(), by_age.end());
  std::int64_t pinned = 0;
  int failures = 0;
  for (const auto& [mtime_ns, key] : by_age) {
    if (!is_over(mtime_ns) || failures > kMaxFailures) break;
    const std::int64_t bytes = index.recordings().at(key).bytes;
    if (index.remove(key)) continue;
    if (index.is_pinned(key)) {
      pinned += bytes;
    } else {
      ++failures;
    }
  }
  return pinned;
}

void RecordStore::Shared::tell_pinned(std::int64_t pinned) {
  host->tell("the pinned recordings take " + std::to_string(pinned) +
             " bytes, more than max-total-size: no other one can be kept");
}

RecordStore::RecordStore(NameTemplate names, const RecordBudget& budget,
                         std::shared_ptr<RecordHost> host)
    : names_(std::move(names)),
      shared_(std::make_shared<Shared>(names_.root(), budget, std::move(host))),
      thread_([shared = shared_] { run(shared); }) {}

RecordStore::~RecordStore() {
  bool done = false;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->woken.notify_all();
    done = shared_->woken.wait_for(lock, kStopTimeout, [&] { return shared_->done; });
  }
  if (done) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void RecordStore::changed(const std::string& base) {
  shared_->note(base, false);
}

void RecordStore::remove(const std::string& base) {
  shared_->remove(base);
}

void RecordStore::given_up(const std::string& base) {
  shared_->note(base, true);
}

void RecordStore::run(const std::shared_ptr<Shared>& shared) {
  bool more = true;
  while (more) {
    more = shared->wait_for_work();
    try {
      shared->round();
    } catch (const std::exception& error) {
      shared->host->warn(error.what());
    }
  }
  const std::lock_guard lock(shared->mutex);
  shared->done = true;
  shared->woken.notify_all();
}

}  // namespace novelty
