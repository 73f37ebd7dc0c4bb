// SPDX-License-Identifier: Apache-2.0
// Records stills: the first frame of each event, and more at a bounded rate while it lasts.
#include "record_stills.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "record_file.h"
#include "record_picture.h"
#include "record_sidecar.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxPendingBytes = 64U << 20;

// Beside the still, the same with the map. Its name, or null without a map.
Json write_map(const SharedSample& frame, const NoveltyMeta& meta, const OutputFile& output) {
  const SharedSample drawn = draw_map(frame, meta);
  if (drawn == nullptr) return nullptr;
  const std::string ending = std::string("_").append(safe_name(meta.event_id)).append("_map.jpg");
  write_picture(drawn, ".jpg", output.base() + ending);
  return output.base().substr(output.base().rfind('/') + 1) + ending;
}

// The worker's thread.
void save(const SharedSample& frame, const NoveltyMeta& meta, RecordingFacts facts,
          const std::shared_ptr<RecordStore>& store, RecordHost& host) {
  try {
    const std::string extension = store->names().extension_or(".jpg");
    OutputFile output(store, facts, extension);
    write_picture(frame, extension, output.part_path());
    facts.file = output.name();
    Json sidecar = Json::parse(sidecar_json(facts));
    sidecar["events"][0]["poster_map"] = write_map(frame, meta, output);
    output.commit(sidecar.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    host.works();
    const std::string& id = facts.events.front().id;
    host.announce(facts.kind, output.path(), output.sidecar_path(), id, id);
  } catch (const std::exception& error) {
    host.warn(error.what());
  }
}

RecordingFacts facts_of(const NoveltyMeta& meta, const FrameTime& time,
                        const RecordSettings& settings) {
  RecordingFacts facts;
  facts.kind = "frame";
  facts.settings = settings;
  facts.camera = settings.camera.empty() ? meta.camera : settings.camera;
  facts.model_id = meta.model_id;
  facts.begin = time;
  facts.end_ns = time.running_ns;
  facts.frames = 1;
  facts.scores = {{time.running_ns, meta.score, meta.p_value, meta.threshold}};
  note_event(facts.events, meta, time.running_ns);
  return facts;
}

}  // namespace

StillRecorder::StillRecorder(const RecordSettings& settings, std::shared_ptr<RecordHost> host)
    : settings_(settings), host_(std::move(host)), worker_(kMaxPendingBytes) {}

bool StillRecorder::is_due(const NoveltyMeta& meta, std::int64_t now_ns) const {
  if (meta.event_id.empty() || meta.held) return false;
  return meta.event_id != event_id_ || now_ns < last_ns_ ||
         now_ns - last_ns_ >= settings_.min_interval_ns;
}

void StillRecorder::take(GstBuffer* buffer, const FrameTime& time) {
  const auto meta = read_novelty_meta(buffer);
  if (!meta || caps_ == nullptr || !is_due(*meta, time.running_ns)) return;
  event_id_ = meta->event_id;
  last_ns_ = time.running_ns;
  RecordingFacts facts = facts_of(*meta, time, settings_);
  const bool taken = worker_.post(
      gst_buffer_get_size(buffer), !host_->live,
      [frame = copy_frame(buffer, caps_.get()), facts = std::move(facts), store = settings_.store,
       meta = *meta, host = host_] { save(frame, meta, facts, store, *host); });
  if (!taken) host_->warn("the disk cannot keep up: a still is dropped");
}

}  // namespace novelty
