// SPDX-License-Identifier: Apache-2.0
// Records clips: each event with its pre-roll and post-roll, overlapping ones as one.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "record_audio.h"
#include "record_clip_file.h"
#include "record_curve.h"
#include "record_feed.h"
#include "record_host.h"
#include "record_ring.h"
#include "record_sidecar.h"
#include "record_worker.h"

namespace novelty {

/// Takes encoded pictures. A clip spans [event begin - pre-roll, last event frame + post-roll] and
/// begins at the key frame at or before that; it stays open until no later event can begin in it,
/// so that nothing is recorded twice. What is novel says the meta of the pictures themselves, or a
/// detector elsewhere through a feed; see Note [Two branches].
class ClipRecorder : public Recorder {
 public:
  /// feed: of the detector, or null. audio: the sound that is recorded with the pictures.
  ClipRecorder(const RecordSettings& settings, std::shared_ptr<RecordHost> host,
               std::shared_ptr<RecordFeed> feed, std::shared_ptr<const AudioTracks> audio);
  ~ClipRecorder() override;

  void set_caps(GstCaps* caps) override { caps_ = share_caps(caps); }
  void take(GstBuffer* buffer, const FrameTime& time) override;
  void advance(std::int64_t running_ns) override;
  void end() override;
  void close() override;
  bool drain() override;
  void set_flushing(bool flushing) override;

 private:
  struct Clip;

  void wait_for_room(std::size_t bytes);
  bool must_wait(std::size_t bytes) const;
  void give_up_waiting(std::size_t bytes);
  void judge_own(GstBuffer* buffer, std::int64_t running_ns);
  void judge();
  void observe(const Observation& seen);
  void pass(std::int64_t observed_ns);
  std::int64_t observed_ns() const;
  std::int64_t lead_ns() const { return newest_ns_ - observed_ns(); }

  void note(const Observation& seen);
  void keep_peak(const Observation& seen);
  void post_peak();
  void draw_curve();
  void open(std::uint64_t first, std::shared_ptr<ClipFile> before);
  bool is_behind(const RecordUnit& unit) const;
  void write_due();
  void write(const RecordUnit& unit);
  void open_audio();
  void write_audio(std::int64_t until_ns, std::int64_t behind_ns);
  void split(const RecordUnit& unit);
  bool begin_file(const RecordUnit& unit);
  bool is_over(std::int64_t observed_ns) const;
  bool retries(std::int64_t running_ns);
  void give_up();
  void finish(bool truncated);

  const RecordSettings settings_;
  const std::shared_ptr<RecordHost> host_;
  const std::shared_ptr<RecordFeed> feed_;
  const std::shared_ptr<const AudioTracks> audio_;
  RecordRing ring_;
  SharedCaps caps_;
  bool running_ = false;         // a unit came since the last close
  std::int64_t first_ns_ = 0;    // running time of that unit
  std::int64_t newest_ns_ = 0;   // of the latest picture so far
  std::int64_t own_ns_ = 0;      // up to which the own branch's meta has judged
  std::int64_t may_lead_ns_;     // how far pictures may be ahead of the detector
  bool may_overflow_ = false;    // waiting for room did not help before
  bool waits_for_audio_ = true;  // until that did not help
  GstClockTime last_scored_pts_ = GST_CLOCK_TIME_NONE;  // of the own branch
  std::deque<ScorePoint> scores_;                       // of the time that the ring spans
  std::unique_ptr<Clip> clip_;
  std::string given_up_event_;    // the disk could not keep up with this one
  std::int64_t given_up_ns_ = 0;  // running time at which it was given up
  RecordWorker worker_;
};

}  // namespace novelty
