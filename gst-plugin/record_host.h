// SPDX-License-Identifier: Apache-2.0
// What the parts of a recorder share with its element: settings, the bus, and being live.
#pragma once

#include <gst/gst.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace novelty {

class RecordStore;

/// The element's properties, one to one; times in ns.
struct RecordSettings {
  std::shared_ptr<RecordStore> store;  ///< of `location`, `max-total-size` and `max-age`
  std::string camera;                  ///< empty: the camera of the meta
  std::int64_t pre_roll_ns = 0;
  std::int64_t post_roll_ns = 0;
  std::int64_t max_duration_ns = 0;  ///< of one clip; 0 = no limit
  std::int64_t min_interval_ns = 0;  ///< of two stills of one event, or of two samples
  std::int64_t decision_ns = 0;      ///< how long the detector looks before an event begins
  std::size_t max_ring_bytes = 0;
  std::size_t max_samples = 0;  ///< of normal footage
};

/// When a frame is. running: of the pipeline; stream: of the medium. utc_us: wall clock of the
/// frame in microseconds since 1970 when the pipeline is live; ntp_us: the same by the source's own
/// clock, where it tells.
struct FrameTime {
  std::int64_t running_ns = 0;
  std::int64_t stream_ns = 0;
  std::optional<std::int64_t> utc_us;
  std::optional<std::int64_t> ntp_us;
};

/// A reference to a buffer; copies share it.
using SharedBuffer = std::shared_ptr<GstBuffer>;
inline SharedBuffer share_buffer(GstBuffer* buffer) {
  return {gst_buffer_ref(buffer), [](GstBuffer* b) { gst_buffer_unref(b); }};
}

using SharedCaps = std::shared_ptr<GstCaps>;
inline SharedCaps share_caps(GstCaps* caps) {
  return {gst_caps_ref(caps), [](GstCaps* c) { gst_caps_unref(c); }};
}

/// Speaks for the element, also from threads that may outlive it. Thread: any.
class RecordHost {
 public:
  explicit RecordHost(GstElement* element) { g_weak_ref_init(&element_, element); }
  ~RecordHost() { g_weak_ref_clear(&element_); }
  RecordHost(const RecordHost&) = delete;
  RecordHost& operator=(const RecordHost&) = delete;

  /// A recording failed: posts a warning of kind RESOURCE / WRITE when the last one was whole, so
  /// that a disk that stays bad is told of once.
  void warn(const std::string& text);

  /// A recording is on the disk: posts an info when the last one failed.
  void works();

  /// Posts a warning in any case.
  void tell(const std::string& text);

  /// What recordings may lack.
  enum class Missing { kStills, kSound };

  /// The first time, posts a warning that they are without.
  void warn_once(Missing what, const std::string& why);

  /// Posts `novelty-recorded`.
  void announce(const std::string& kind, const std::string& location, const std::string& sidecar,
                const std::string& event_id, const std::string& event_ids);

  /// Whether upstream is live: then nothing may wait for a disk. Set by the element.
  std::atomic<bool> live{false};

  /// What encodes; empty when the input is recorded as it comes.
  void set_encoder(const std::string& encoder);
  std::string encoder() const;

 private:
  GstElement* element_or_null() { return static_cast<GstElement*>(g_weak_ref_get(&element_)); }

  GWeakRef element_{};
  mutable std::mutex mutex_;
  std::string encoder_;  // guarded by mutex_
  std::atomic<bool> failing_{false};
  std::array<std::atomic<bool>, 2> warned_of_{};  // by Missing
};

/// Turns the frames of one stream into files. All calls come from the streaming thread but close
/// at a stop, when that thread is done.
class Recorder {
 public:
  virtual ~Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  virtual void set_caps(GstCaps* caps) = 0;
  virtual void take(GstBuffer* buffer, const FrameTime& time) = 0;
  /// Time passed without a frame (GAP).
  virtual void advance(std::int64_t running_ns) = 0;
  /// Finishes what is open and forgets the past (EOS, flush, stop); does not wait for the disk.
  virtual void close() = 0;
  /// The stream ended: takes what is still to be told of it, then closes.
  virtual void end() { close(); }
  /// Waits until all is on disk; false when nothing moved there for `kDrainTimeoutSeconds`.
  virtual bool drain() = 0;
  /// Lets a call that waits for room return at once (flush, stop), until set back.
  virtual void set_flushing(bool flushing) = 0;

  static constexpr int kDrainTimeoutSeconds = 10;

 protected:
  Recorder() = default;
};

}  // namespace novelty
