// SPDX-License-Identifier: Apache-2.0
// Records clips: each event with its pre-roll and post-roll, overlapping ones as one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "record_encoder.h"
#include "record_host.h"
#include "record_ring.h"
#include "record_sidecar.h"
#include "record_worker.h"

namespace novelty {

/// Takes encoded pictures. A clip spans [event begin - pre-roll, last event frame + post-roll] and
/// begins at the key frame at or before that; it stays open for another pre-roll, so that an event
/// whose pre-roll would overlap it goes on in it.
class ClipRecorder : public Recorder {
 public:
  ClipRecorder(const RecordSettings& settings, const RecordCodec& codec,
               std::shared_ptr<RecordHost> host);
  ~ClipRecorder() override;

  void set_caps(GstCaps* caps) override;
  void take(GstBuffer* buffer, const FrameTime& time) override;
  void advance(std::int64_t running_ns) override;
  void close() override;
  bool drain() override;
  void set_flushing(bool flushing) override { worker_.set_flushing(flushing); }

 private:
  struct File;
  struct Clip;

  void note(const NoveltyMeta& meta, std::int64_t at_ns);
  void open(std::uint64_t first);
  void write_due();
  void write(const RecordUnit& unit);
  void split(const RecordUnit& unit);
  void give_up();
  void finish(bool truncated);

  const RecordSettings settings_;
  const RecordCodec& codec_;
  const std::shared_ptr<RecordHost> host_;
  RecordRing ring_;
  SharedCaps caps_;
  std::unique_ptr<Clip> clip_;
  std::string given_up_event_;  // the disk could not keep up with this one
  RecordWorker worker_;
};

}  // namespace novelty
