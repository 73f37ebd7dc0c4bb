// SPDX-License-Identifier: Apache-2.0
// Samples normal footage for the next training: few pictures, unlike each other, of all hours.
#include "record_normal.h"

#include <glib.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "record_file.h"
#include "record_normal_set.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxPendingBytes = 64U << 20;
constexpr std::int64_t kQuietNs = 5'000'000'000;
constexpr std::uint64_t kMaxAgeNs = 1'000'000'000;  // of the score that speaks for a frame
constexpr std::int64_t kHourUs = 3'600'000'000;

bool is_normal(const NoveltyMeta& meta) {
  return meta.event_id.empty() && meta.scene_change.empty() && !meta.novel &&
         meta.score < meta.threshold;
}

RecordingFacts facts_of(const NoveltyMeta& meta, const FrameTime& time, const std::string& camera) {
  RecordingFacts facts;
  facts.kind = "normal";
  facts.camera = camera.empty() ? meta.camera : camera;
  facts.model_id = meta.model_id;
  facts.begin = time;
  facts.end_ns = time.running_ns;
  facts.frames = 1;
  return facts;
}

SmallPicture shrink(const SharedSample& frame) {
  const SharedSample small =
      convert_frame(frame, "video/x-raw,format=GRAY8,width=16,height=16,pixel-aspect-ratio=1/1");
  SmallPicture picture{};
  gst_buffer_extract(gst_sample_get_buffer(small.get()), 0, picture.data(), picture.size());
  return picture;
}

std::string sidecar_of(const RecordingFacts& facts, const SmallPicture& picture) {
  Json json = Json::parse(sidecar_json(facts));
  json["look"] = to_hex(picture);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// The worker's thread.
void keep(const SharedSample& frame, RecordingFacts facts, NormalSet& set,
          const std::shared_ptr<RecordStore>& store, RecordHost& host) {
  const SmallPicture picture = shrink(frame);
  const std::int64_t written_us = facts.begin.utc_us.value_or(g_get_real_time());
  const int hour = static_cast<int>(written_us / kHourUs % 24);
  const NormalSet::Decision decision = set.decide(hour, picture);
  if (!decision.keep) return;
  const std::string extension = store->names().extension_or(".jpg");
  OutputFile output(store, facts, extension);
  write_picture(frame, extension, output.part_path());
  facts.file = output.name();
  output.commit(sidecar_of(facts, picture));
  set.add({output.base(), hour, picture});
  if (!decision.replaced.empty()) store->remove(decision.replaced);
  host.works();
  host.announce(facts.kind, output.path(), output.sidecar_path(), "", "");
}

}  // namespace

NormalRecorder::NormalRecorder(const RecordSettings& settings, std::shared_ptr<RecordHost> host)
    : settings_(settings),
      host_(std::move(host)),
      quiet_ns_(std::min(kQuietNs, settings.min_interval_ns)),
      set_(std::make_shared<NormalSet>(settings.max_samples)),
      worker_(kMaxPendingBytes) {
  worker_.post(0, false, [set = set_, root = settings_.store->names().root(), host = host_] {
    try {
      set->load(root);
    } catch (const std::exception& error) {
      host->warn(error.what());
    }
  });
}

NormalRecorder::~NormalRecorder() = default;

void NormalRecorder::close() {
  candidate_.reset();
  quiet_since_ns_.reset();
}

bool NormalRecorder::is_due(std::int64_t now_ns) const {
  const bool spaced =
      !last_ns_ || now_ns < *last_ns_ || now_ns - *last_ns_ >= settings_.min_interval_ns;
  return spaced && now_ns - *quiet_since_ns_ >= quiet_ns_;
}

void NormalRecorder::take(GstBuffer* buffer, const FrameTime& time) {
  const auto meta = read_novelty_meta(buffer);
  if (!meta || caps_ == nullptr) return;
  const std::int64_t now_ns = time.running_ns;
  const bool goes_on = quiet_since_ns_ && now_ns >= *quiet_since_ns_;
  if (!is_normal(*meta) || !goes_on) close();
  if (!is_normal(*meta)) return;
  if (!quiet_since_ns_) quiet_since_ns_ = now_ns;
  if (candidate_ && now_ns - candidate_->facts.begin.running_ns >= quiet_ns_) {
    save(*std::exchange(candidate_, std::nullopt));
  }
  if (candidate_ || meta->age_ns > kMaxAgeNs || !is_due(now_ns)) return;
  last_ns_ = now_ns;
  candidate_ = {copy_frame(buffer, caps_.get()), facts_of(*meta, time, settings_.camera)};
}

void NormalRecorder::save(Candidate candidate) {
  const std::size_t bytes = gst_buffer_get_size(gst_sample_get_buffer(candidate.frame.get()));
  const bool taken =
      worker_.post(bytes, !host_->live,
                   [frame = std::move(candidate.frame), facts = std::move(candidate.facts),
                    set = set_, store = settings_.store, host = host_] {
                     try {
                       keep(frame, facts, *set, store, *host);
                     } catch (const std::exception& error) {
                       host->warn(error.what());
                     }
                   });
  if (!taken) host_->warn("the disk cannot keep up: a sample is dropped");
}

}  // namespace novelty
