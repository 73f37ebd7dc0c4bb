// SPDX-License-Identifier: Apache-2.0
// What a noveltydetect on another branch says, on its way to the recorder.
#include "record_feed.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace novelty {
namespace {

// Ten minutes of 30 frames a second.
constexpr std::size_t kMaxWaiting = 18'000;

}  // namespace

Observation observation_of(NoveltyMeta meta, std::int64_t running_ns) {
  const auto age = static_cast<std::int64_t>(
      std::min<std::uint64_t>(meta.age_ns, static_cast<std::uint64_t>(kMaxScoringAgeNs)));
  if (meta.event_id.empty()) {
    meta.map = nullptr;
    meta.regions = nullptr;
    meta.map_size = meta.region_count = 0;
  }
  return {std::move(meta), running_ns - age};
}

void RecordFeed::push(GstBuffer* buffer, std::int64_t running_ns) {
  auto meta = read_novelty_meta(buffer);
  {
    const std::lock_guard lock(mutex_);
    if (!meta) {
      observed_ns_ = std::max(observed_ns_, running_ns);
    } else {
      const GstClockTime scored = meta->scored_pts;
      const bool again = GST_CLOCK_TIME_IS_VALID(scored) && scored == last_scored_pts_;
      last_scored_pts_ = scored;
      Observation seen = observation_of(std::move(*meta), running_ns);
      observed_ns_ = std::max(observed_ns_, seen.at_ns);
      if (!again) waiting_.push_back(std::move(seen));
      if (waiting_.size() > kMaxWaiting) waiting_.pop_front();
    }
  }
  changed_.notify_all();
}

void RecordFeed::set_ended(bool ended) {
  {
    const std::lock_guard lock(mutex_);
    ended_ = ended;
  }
  changed_.notify_all();
}

void RecordFeed::clear() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    ended_ = false;
    observed_ns_ = kNothingSeen;
    last_scored_pts_ = GST_CLOCK_TIME_NONE;
  }
  changed_.notify_all();
}

std::vector<Observation> RecordFeed::take_until(std::int64_t running_ns) {
  std::vector<Observation> taken;
  const std::lock_guard lock(mutex_);
  while (!waiting_.empty() && waiting_.front().at_ns <= running_ns) {
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return taken;
}

std::int64_t RecordFeed::observed_ns() const {
  const std::lock_guard lock(mutex_);
  return ended_ ? kAllSeen : observed_ns_;
}

bool RecordFeed::wait_beyond(std::int64_t observed_ns, int timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto moved = [&] { return (ended_ ? kAllSeen : observed_ns_) != observed_ns; };
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return flushing_ || moved(); });
  return !flushing_ && moved();
}

void RecordFeed::set_flushing(bool flushing) {
  {
    const std::lock_guard lock(mutex_);
    flushing_ = flushing;
  }
  changed_.notify_all();
}

bool RecordFeed::is_flushing() const {
  const std::lock_guard lock(mutex_);
  return flushing_;
}

}  // namespace novelty
