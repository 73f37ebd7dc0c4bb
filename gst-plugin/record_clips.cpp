// SPDX-License-Identifier: Apache-2.0
// Records clips: each event with its pre-roll and post-roll, overlapping ones as one.
#include "record_clips.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "record_file.h"
#include "record_mux.h"

namespace novelty {
namespace {

// The ring reaches back over the pre-roll, a group of pictures and the age of a late score.
constexpr std::int64_t kRingSlackNs = 3'000'000'000;
constexpr std::size_t kMaxRingBytes = 64U << 20;
constexpr std::size_t kMaxPendingBytes = 64U << 20;
// What a clip's opening counts for, so that a disk that stands still bounds their number too.
constexpr std::size_t kOpenBytes = 64U << 10;

std::int64_t end_of(const RecordUnit& unit) {
  const GstClockTime duration = GST_BUFFER_DURATION(unit.buffer.get());
  return unit.time.running_ns +
         (GST_CLOCK_TIME_IS_VALID(duration) ? static_cast<std::int64_t>(duration) : 0);
}

}  // namespace

// A clip on its way to the disk. The worker's thread only.
struct ClipRecorder::File {
  std::unique_ptr<OutputFile> output;
  std::unique_ptr<ClipMux> mux;
  std::shared_ptr<RecordHost> host;

  // Runs a step; a failing one ends the recording of this clip.
  template <typename Step>
  void attempt(const Step& step) {
    try {
      step();
    } catch (const std::exception& error) {
      host->warn(error.what());
      mux.reset();
      output.reset();
    }
  }

  void open(const RecordSettings& settings, const RecordCodec& codec, const SharedCaps& caps,
            const RecordingFacts& facts) {
    attempt([&] {
      output = std::make_unique<OutputFile>(settings.store, facts, codec.extension);
      mux = std::make_unique<ClipMux>(codec.muxer, output->part_path(), caps.get());
    });
  }

  void write(const SharedBuffer& buffer, std::int64_t pts_ns) {
    if (mux == nullptr) return;
    attempt([&] { mux->write(buffer.get(), pts_ns); });
  }

  void finish(RecordingFacts facts) {
    if (mux == nullptr) return;
    attempt([&] {
      mux->finish();
      mux.reset();
      facts.file = output->name();
      output->commit(sidecar_json(facts));
      host->works();
      host->announce(facts.kind, output->path(), output->sidecar_path(), facts.events.front().id,
                     event_ids(facts.events));
    });
  }
};

// The open clip as the streaming thread sees it.
struct ClipRecorder::Clip {
  std::shared_ptr<File> file;
  RecordingFacts facts;
  std::uint64_t next = 0;     // number of the unit to write next
  std::int64_t until_ns = 0;  // running time up to which units belong to it
};

ClipRecorder::ClipRecorder(const RecordSettings& settings, const RecordCodec& codec,
                           std::shared_ptr<RecordHost> host)
    : settings_(settings),
      codec_(codec),
      host_(std::move(host)),
      ring_(settings.pre_roll_ns + kRingSlackNs, kMaxRingBytes),
      worker_(kMaxPendingBytes) {}

ClipRecorder::~ClipRecorder() = default;

void ClipRecorder::set_caps(GstCaps* caps) {
  if (caps_ != nullptr && gst_caps_is_equal(caps_.get(), caps) != FALSE) return;
  close();
  caps_ = share_caps(caps);
}

void ClipRecorder::take(GstBuffer* buffer, const FrameTime& time) {
  const bool key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  const bool back = !ring_.units().empty() &&
                    time.running_ns < ring_.units().back().time.running_ns - kRingSlackNs;
  if (back) close();
  ring_.push({share_buffer(buffer), time, key});
  const auto meta = read_novelty_meta(buffer);
  if (meta && !meta->event_id.empty()) {
    note(*meta, time.running_ns - static_cast<std::int64_t>(std::min<std::uint64_t>(
                                      meta->age_ns, static_cast<std::uint64_t>(kRingSlackNs))));
  }
  write_due();
  advance(time.running_ns);
}

void ClipRecorder::note(const NoveltyMeta& meta, std::int64_t at_ns) {
  if (meta.event_id == given_up_event_) return;
  if (clip_ == nullptr) {
    const auto first = ring_.start_at(at_ns - settings_.pre_roll_ns);
    if (!first) return;
    open(*first);
    clip_->facts.camera = settings_.camera.empty() ? meta.camera : settings_.camera;
    clip_->facts.model_id = meta.model_id;
  }
  note_event(clip_->facts.events, meta, at_ns);
  clip_->until_ns = std::max(clip_->until_ns, at_ns + settings_.post_roll_ns);
}

void ClipRecorder::open(std::uint64_t first) {
  clip_ = std::make_unique<Clip>();
  clip_->file = std::make_shared<File>();
  clip_->file->host = host_;
  clip_->facts.kind = "clip";
  clip_->next = first;
}

void ClipRecorder::write_due() {
  const bool lost =
      clip_ != nullptr && !ring_.units().empty() && clip_->next < ring_.units().front().number;
  if (lost) finish(true);  // the ring dropped what comes next; the event goes on in a new clip
  while (clip_ != nullptr) {
    const RecordUnit* unit = ring_.find_or_null(clip_->next);
    if (unit == nullptr || unit->time.running_ns > clip_->until_ns) return;
    const std::int64_t length = unit->time.running_ns - clip_->facts.begin.running_ns;
    const bool full = clip_->facts.frames > 0 && settings_.max_duration_ns > 0 &&
                      length >= settings_.max_duration_ns;
    if (full && unit->key) split(*unit);
    write(*unit);
  }
}

// Goes on in a new clip from this key frame, with the event that is not over yet.
void ClipRecorder::split(const RecordUnit& unit) {
  const RecordingFacts before = clip_->facts;
  const std::int64_t until_ns = clip_->until_ns;
  finish(false);
  open(unit.number);
  clip_->until_ns = until_ns;
  clip_->facts.camera = before.camera;
  clip_->facts.model_id = before.model_id;
  clip_->facts.events = {before.events.back()};
}

void ClipRecorder::write(const RecordUnit& unit) {
  Clip& clip = *clip_;
  if (clip.facts.frames == 0) {
    clip.facts.begin = unit.time;
    const bool taken =
        worker_.post(kOpenBytes, !host_->live,
                     [file = clip.file, settings = settings_, &codec = codec_, caps = caps_,
                      facts = clip.facts] { file->open(settings, codec, caps, facts); });
    if (!taken) {
      give_up();
      return;
    }
  }
  const std::int64_t pts_ns =
      std::max<std::int64_t>(0, unit.time.running_ns - clip.facts.begin.running_ns);
  const bool taken = worker_.post(
      gst_buffer_get_size(unit.buffer.get()), !host_->live,
      [file = clip.file, buffer = unit.buffer, pts_ns] { file->write(buffer, pts_ns); });
  if (!taken) {
    give_up();
    return;
  }
  clip.facts.end_ns = std::max(clip.facts.end_ns, end_of(unit));
  ++clip.facts.frames;
  clip.next = unit.number + 1;
}

void ClipRecorder::give_up() {
  host_->warn("the disk cannot keep up: the rest of the event is not recorded");
  given_up_event_ = clip_->facts.events.back().id;
  if (clip_->facts.frames > 0) {
    finish(true);
  } else {
    clip_.reset();
  }
}

void ClipRecorder::finish(bool truncated) {
  clip_->facts.truncated = truncated;
  worker_.post(0, false, [file = clip_->file, facts = clip_->facts] { file->finish(facts); });
  clip_.reset();
}

void ClipRecorder::advance(std::int64_t running_ns) {
  if (clip_ == nullptr) return;
  if (running_ns - settings_.pre_roll_ns > clip_->until_ns) finish(false);
}

void ClipRecorder::close() {
  if (clip_ != nullptr) finish(false);
  ring_.clear();
  given_up_event_.clear();
}

bool ClipRecorder::drain() {
  return worker_.drain(kDrainTimeoutSeconds);
}

}  // namespace novelty
