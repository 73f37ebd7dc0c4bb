// SPDX-License-Identifier: Apache-2.0
// Samples normal footage for the next training: few pictures, unlike each other, of all hours.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "noveltymeta.h"
#include "record_host.h"
#include "record_picture.h"
#include "record_sidecar.h"
#include "record_worker.h"

namespace novelty {

class NormalSet;

/// Takes raw frames and writes those that scored as normal. A frame waits for a few seconds: one
/// that an event or a scene change follows is not normal yet.
class NormalRecorder : public Recorder {
 public:
  NormalRecorder(const RecordSettings& settings, std::shared_ptr<RecordHost> host);
  ~NormalRecorder() override;

  void set_caps(GstCaps* caps) override { caps_ = share_caps(caps); }
  void take(GstBuffer* buffer, const FrameTime& time) override;
  void advance(std::int64_t) override {}
  void close() override;
  bool drain() override { return worker_.drain(kDrainTimeoutSeconds); }
  void set_flushing(bool flushing) override { worker_.set_flushing(flushing); }

 private:
  struct Candidate {
    SharedSample frame;
    RecordingFacts facts;
  };

  bool is_due(std::int64_t now_ns) const;
  void save(Candidate candidate);

  const RecordSettings settings_;
  const std::shared_ptr<RecordHost> host_;
  const std::int64_t quiet_ns_;  // that must lie around a sample
  SharedCaps caps_;
  std::optional<std::int64_t> quiet_since_ns_;
  std::optional<std::int64_t> last_ns_;
  std::optional<Candidate> candidate_;
  std::shared_ptr<NormalSet> set_;  // the worker's
  RecordWorker worker_;
};

}  // namespace novelty
