// SPDX-License-Identifier: Apache-2.0
// The recent past of the sound that goes with a recorder's pictures.
#include "record_audio.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace novelty {
namespace {

constexpr std::int64_t kJumpNs = 1'000'000'000;

}  // namespace

void AudioTrack::push(AudioUnit unit) {
  {
    const std::lock_guard lock(mutex_);
    if (unit.running_ns < newest_ns_ - kJumpNs) {
      forget();
    } else if (pushed_ > 0) {  // times that waver keep their order
      unit.running_ns = std::max(unit.running_ns, newest_ns_ + 1);
    }
    caps_ = unit.caps;
    newest_ns_ = unit.running_ns;
    ended_ = false;
    ++pushed_;
    bytes_ += gst_buffer_get_size(unit.buffer.get());
    units_.push_back(std::move(unit));
    while (bytes_ > kMaxBytes) {
      bytes_ -= gst_buffer_get_size(units_.front().buffer.get());
      units_.pop_front();
    }
  }
  changed_.notify_all();
}

void AudioTrack::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

void AudioTrack::clear() {
  const std::lock_guard lock(mutex_);
  forget();
  caps_ = nullptr;
  newest_ns_ = 0;
  pushed_ = 0;
  ended_ = false;
}

void AudioTrack::forget() {
  units_.clear();
  bytes_ = 0;
}

void AudioTrack::trim(std::int64_t from_ns) {
  const std::lock_guard lock(mutex_);
  while (!units_.empty() && units_.front().running_ns < from_ns) {
    bytes_ -= gst_buffer_get_size(units_.front().buffer.get());
    units_.pop_front();
  }
}

std::vector<AudioUnit> AudioTrack::between(std::int64_t from_ns, std::int64_t until_ns) const {
  const std::lock_guard lock(mutex_);
  const auto begins_before = [](const AudioUnit& unit, std::int64_t ns) {
    return unit.running_ns < ns;
  };
  const auto first = std::lower_bound(units_.begin(), units_.end(), from_ns, begins_before);
  const auto last =
      std::lower_bound(first, units_.end(), std::max(from_ns, until_ns), begins_before);
  return {first, last};
}

SharedCaps AudioTrack::caps() const {
  const std::lock_guard lock(mutex_);
  return caps_;
}

bool AudioTrack::wait_until(std::int64_t running_ns, int timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto is_there = [&] { return ended_ || (caps_ != nullptr && newest_ns_ >= running_ns); };
  while (!is_there() && !flushing_) {
    const std::uint64_t before = pushed_;
    const bool moved = changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                         [&] { return ended_ || flushing_ || pushed_ != before; });
    if (!moved) return false;
  }
  return is_there();
}

void AudioTrack::set_flushing(bool flushing) {
  {
    const std::lock_guard lock(mutex_);
    flushing_ = flushing;
  }
  changed_.notify_all();
}

void AudioTracks::add(std::shared_ptr<AudioTrack> track) {
  const std::lock_guard lock(mutex_);
  tracks_.push_back(std::move(track));
}

void AudioTracks::remove(const std::shared_ptr<AudioTrack>& track) {
  const std::lock_guard lock(mutex_);
  std::erase(tracks_, track);
}

std::vector<std::shared_ptr<AudioTrack>> AudioTracks::all() const {
  const std::lock_guard lock(mutex_);
  return tracks_;
}

}  // namespace novelty
