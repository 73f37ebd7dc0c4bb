// SPDX-License-Identifier: Apache-2.0
// Records stills: the first frame of each event, and more at a bounded rate while it lasts.
#pragma once

#include <memory>
#include <string>

#include "noveltymeta.h"
#include "record_host.h"
#include "record_worker.h"

namespace novelty {

/// Takes raw frames and writes JPEG or PNG files.
class StillRecorder : public Recorder {
 public:
  StillRecorder(const RecordSettings& settings, std::shared_ptr<RecordHost> host);

  void set_caps(GstCaps* caps) override { caps_ = share_caps(caps); }
  void take(GstBuffer* buffer, const FrameTime& time) override;
  void advance(std::int64_t) override {}
  void close() override { event_id_.clear(); }
  bool drain() override { return worker_.drain(kDrainTimeoutSeconds); }
  void set_flushing(bool flushing) override { worker_.set_flushing(flushing); }

 private:
  bool is_due(const NoveltyMeta& meta, std::int64_t now_ns) const;

  const RecordSettings settings_;
  const std::shared_ptr<RecordHost> host_;
  SharedCaps caps_;
  std::string event_id_;  // of the last still
  std::int64_t last_ns_ = 0;
  RecordWorker worker_;
};

}  // namespace novelty
