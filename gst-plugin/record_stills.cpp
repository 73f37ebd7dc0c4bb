// SPDX-License-Identifier: Apache-2.0
// Records stills: the first frame of each event, and more at a bounded rate while it lasts.
#include "record_stills.h"

#include <gst/video/video.h>

#include <cstdio>
#include <exception>
#include <utility>

#include "novelty/error.h"
#include "record_file.h"
#include "record_sidecar.h"

namespace novelty {
namespace {

constexpr std::size_t kMaxPendingBytes = 64U << 20;
constexpr GstClockTime kEncodeTimeout = 10 * GST_SECOND;

using SharedSample = std::shared_ptr<GstSample>;

SharedSample own_sample(GstSample* sample) {
  return {sample, [](GstSample* s) { gst_sample_unref(s); }};
}

SharedSample to_jpeg(const SharedSample& frame, const std::string& path) {
  GstCaps* caps = gst_caps_new_empty_simple("image/jpeg");
  GError* error = nullptr;
  GstSample* jpeg = gst_video_convert_sample(frame.get(), caps, kEncodeTimeout, &error);
  gst_caps_unref(caps);
  if (jpeg != nullptr) return own_sample(jpeg);
  const std::string what = error == nullptr ? "no picture" : error->message;
  if (error != nullptr) g_error_free(error);
  throw Error(ErrorKind::kWrite, path, "cannot be encoded: " + what,
              "install gstreamer1.0-plugins-good (jpegenc)");
}

void write_file(const std::string& path, GstBuffer* bytes) {
  GstMapInfo map;
  if (gst_buffer_map(bytes, &map, GST_MAP_READ) == FALSE) return;
  std::FILE* file = std::fopen(path.c_str(), "we");
  bool ok = file != nullptr && std::fwrite(map.data, 1, map.size, file) == map.size;
  if (file != nullptr) ok = std::fclose(file) == 0 && ok;
  gst_buffer_unmap(bytes, &map);
  if (!ok) {
    throw Error(ErrorKind::kWrite, path, "cannot be written",
                "check the recorder's location and the space on its disk");
  }
}

// The worker's thread.
void save(const SharedSample& frame, RecordingFacts facts, const std::string& location,
          const std::string& stem, RecordHost& host) {
  try {
    OutputFile output(location, stem, ".jpg");
    const SharedSample jpeg = to_jpeg(frame, output.path());
    write_file(output.part_path(), gst_sample_get_buffer(jpeg.get()));
    facts.file = output.name();
    output.commit(sidecar_json(facts));
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

std::string stem_of(const RecordingFacts& facts) {
  const std::string id = safe_name(facts.events.front().id);
  return (facts.camera.empty() ? id : safe_name(facts.camera) + "_" + id) + "_" +
         std::to_string(facts.begin.stream_ns / 1'000'000);
}

// A copy of its own, so that upstream's pool gets its buffer back at once.
SharedSample deep_copy(GstBuffer* buffer, GstCaps* caps) {
  GstBuffer* copy = gst_buffer_copy_deep(buffer);
  SharedSample sample = own_sample(gst_sample_new(copy, caps, nullptr, nullptr));
  gst_buffer_unref(copy);
  return sample;
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
  std::string stem = stem_of(facts);
  const bool taken = worker_.post(
      gst_buffer_get_size(buffer), !host_->live,
      [frame = deep_copy(buffer, caps_.get()), facts = std::move(facts), stem = std::move(stem),
       location = settings_.location, host = host_] { save(frame, facts, location, stem, *host); });
  if (!taken) host_->warn("the disk cannot keep up: a still is dropped");
}

}  // namespace novelty
