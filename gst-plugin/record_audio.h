// SPDX-License-Identifier: Apache-2.0
// The recent past of the sound that goes with a recorder's pictures.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "record_host.h"

namespace novelty {

/// One encoded buffer of sound. running_ns: of its first sample.
struct AudioUnit {
  SharedBuffer buffer;
  SharedCaps caps;
  std::int64_t running_ns = 0;
};

/// One stream of encoded sound, from its own streaming thread to the recorder's. Bounded: the
/// oldest go first; those before a jump back, by over a second, go. Thread: any.
class AudioTrack {
 public:
  static constexpr std::size_t kMaxBytes = 8U << 20;

  void push(AudioUnit unit);

  /// The stream ended, until the next push.
  void end();

  /// Forgets all.
  void clear();

  /// Forgets what lies before a running time.
  void trim(std::int64_t from_ns);

  /// What begins in [from_ns, until_ns), in order.
  std::vector<AudioUnit> between(std::int64_t from_ns, std::int64_t until_ns) const;

  /// Of the newest unit; null before the first.
  SharedCaps caps() const;

  /// Waits until there is sound from `running_ns` on, or the stream ended; false when none came for
  /// so long, or at once while flushing.
  bool wait_until(std::int64_t running_ns, int timeout_ms);

  void set_flushing(bool flushing);

 private:
  void forget();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<AudioUnit> units_;  // guarded by mutex_
  std::size_t bytes_ = 0;        // guarded by mutex_
  SharedCaps caps_;              // guarded by mutex_
  std::int64_t newest_ns_ = 0;   // guarded by mutex_
  std::uint64_t pushed_ = 0;     // guarded by mutex_
  bool ended_ = false;           // guarded by mutex_
  bool flushing_ = false;        // guarded by mutex_
};

/// The tracks of a recorder; its pads come and go while it runs. Thread: any.
class AudioTracks {
 public:
  void add(std::shared_ptr<AudioTrack> track);
  void remove(const std::shared_ptr<AudioTrack>& track);
  std::vector<std::shared_ptr<AudioTrack>> all() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<AudioTrack>> tracks_;  // guarded by mutex_
};

}  // namespace novelty
