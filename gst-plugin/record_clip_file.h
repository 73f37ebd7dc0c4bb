// SPDX-License-Identifier: Apache-2.0
// A clip on its way to the disk: its file, the posters of its events and its sidecar.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "record_encoder.h"
#include "record_file.h"
#include "record_host.h"
#include "record_mux.h"
#include "record_poster.h"
#include "record_sidecar.h"
#include "record_store.h"

namespace novelty {

/// When a picture is in its clip; neither is negative.
struct ClipTime {
  std::int64_t pts_ns = 0;
  std::int64_t dts_ns = 0;
};

/// What fails is told as a warning and ends this clip. Thread: the worker's only, but has_failed.
class ClipFile {
 public:
  /// before: the clip that this one goes on from, or null.
  ClipFile(std::shared_ptr<RecordHost> host, std::shared_ptr<const ClipFile> before)
      : host_(std::move(host)), before_(std::move(before)) {}

  /// Removes what was not finished.
  ~ClipFile() { abandon(); }
  ClipFile(const ClipFile&) = delete;
  ClipFile& operator=(const ClipFile&) = delete;

  /// facts: as far as they are known; they go into the note that a crash leaves. caps: of the
  /// pictures to come; audio: of the tracks of sound.
  void open(const std::shared_ptr<RecordStore>& store, const RecordingFacts& facts,
            const SharedCaps& caps, const std::vector<SharedCaps>& audio);
  void write(const SharedBuffer& buffer, const ClipTime& time);
  void write_audio(std::size_t track, const SharedBuffer& buffer, std::int64_t pts_ns);

  /// Makes the stills of an event's peak. Without a decoder there are none, and one warning.
  void add_poster(const std::string& event_id, const PeakPicture& peak);

  /// Whether nothing more gets into this clip. Thread: any.
  bool has_failed() const { return failed_; }

  /// Ends the file, writes its sidecar and tells of it.
  void finish(RecordingFacts facts);

 private:
  template <typename Step>
  void attempt(const Step& step);
  void abandon();
  std::vector<SharedCaps> fitting(const RecordContainer& container, std::vector<SharedCaps> audio);
  std::string stem() const;
  std::string write_poster(const std::string& name, const SharedSample& picture);
  void name_posters(RecordingFacts& facts) const;

  struct PosterNames {
    std::string plain, with_map;
  };

  std::shared_ptr<RecordHost> host_;
  std::shared_ptr<const ClipFile> before_;
  std::unique_ptr<OutputFile> output_;
  std::unique_ptr<ClipMux> mux_;
  std::atomic<bool> failed_{false};
  std::string folder_;
  std::string finished_stem_;                   // empty until finished
  std::map<std::string, PosterNames> posters_;  // by event id
};

}  // namespace novelty
