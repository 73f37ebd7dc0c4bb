// SPDX-License-Identifier: Apache-2.0
// Records clips: each event with its pre-roll and post-roll, overlapping ones as one.
#include "record_clips.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "record_clip_file.h"

namespace novelty {
namespace {

// Note [Two branches]
// With a feed, pictures and verdicts come from two branches of a pipeline and meet by running time.
// Verdicts of pictures that have not come yet wait in the feed; pictures that are not judged yet
// wait in the ring. A live stream never waits: a verdict later than kMaxScoringAgeNs may find its
// pictures gone. A stream that is not live waits for the detector once pictures are that far ahead,
// or when the ring is full. A detector may itself need more input before it moves (the tee that
// feeds both is held up, a decoder reorders), so a wait in which nothing moves for kStallMs ends,
// and such a wait is not asked for again. Sound comes from a branch of its own and is waited for in
// the same way.
constexpr int kStallMs = 5000;
constexpr std::int64_t kMinLeadNs = 2'000'000'000;  // more than decoders hold back
constexpr std::int64_t kBackNs = 3'000'000'000;     // more than pictures are reordered by
constexpr std::size_t kMaxPendingBytes = 64U << 20;
constexpr std::size_t kMaxPosterBytes = 16U << 20;
// How far sound may be behind the pictures of a clip.
constexpr std::int64_t kMaxAudioBehindNs = 1'000'000'000;
// How long after the disk has failed an event that goes on is tried again.
constexpr std::int64_t kRetryNs = 5'000'000'000;
// What a clip's opening counts for, so that a disk that stands still bounds their number too.
constexpr std::size_t kOpenBytes = 64U << 10;

std::int64_t end_of(const RecordUnit& unit) {
  const GstClockTime duration = GST_BUFFER_DURATION(unit.buffer.get());
  return unit.time.running_ns +
         (GST_CLOCK_TIME_IS_VALID(duration) ? static_cast<std::int64_t>(duration) : 0);
}

// How long before it is shown a picture is decoded.
std::int64_t reorder_of(GstBuffer* buffer) {
  if (!GST_BUFFER_DTS_IS_VALID(buffer) || !GST_BUFFER_PTS_IS_VALID(buffer)) return 0;
  return std::max<std::int64_t>(0, GST_CLOCK_DIFF(GST_BUFFER_DTS(buffer), GST_BUFFER_PTS(buffer)));
}

bool same_caps(const SharedCaps& a, const SharedCaps& b) {
  return a == b || gst_caps_is_equal(a.get(), b.get()) != FALSE;
}

}  // namespace

// A track of sound in the open clip. next_ns: running time from which it is not written yet.
struct ClipAudio {
  std::shared_ptr<AudioTrack> track;
  SharedCaps caps;
  std::int64_t next_ns = 0;
};

// The open clip as the streaming thread sees it.
struct ClipRecorder::Clip {
  std::shared_ptr<ClipFile> file;
  SharedCaps caps;  // of its pictures
  std::vector<ClipAudio> audio;
  RecordingFacts facts;
  ScoreCurve curve;
  std::int64_t drawn_ns = 0;  // up to where the curve goes
  std::string peak_event;     // the event that `peak` is of
  PeakPicture peak;
  std::int64_t zero_ns = 0;  // running time that is 0 in the file
  std::int64_t last_ns = std::numeric_limits<std::int64_t>::min();  // of the latest picture written
  std::uint64_t next = 0;                 // number of the unit to write next
  std::int64_t until_ns = 0;              // running time up to which units belong to it
  std::optional<std::int64_t> failed_ns;  // running time at which its file was found to have failed
};

ClipRecorder::ClipRecorder(const RecordSettings& settings, std::shared_ptr<RecordHost> host,
                           std::shared_ptr<RecordFeed> feed,
                           std::shared_ptr<const AudioTracks> audio)
    : settings_(settings),
      host_(std::move(host)),
      feed_(std::move(feed)),
      audio_(std::move(audio)),
      ring_(settings.max_ring_bytes),
      may_lead_ns_(kMaxScoringAgeNs),
      worker_(kMaxPendingBytes) {}

ClipRecorder::~ClipRecorder() = default;

void ClipRecorder::take(GstBuffer* buffer, const FrameTime& time) {
  if (running_ && time.running_ns < newest_ns_ - kBackNs) close();
  wait_for_room(gst_buffer_get_size(buffer));
  if (!std::exchange(running_, true)) first_ns_ = newest_ns_ = own_ns_ = time.running_ns;
  newest_ns_ = std::max(newest_ns_, time.running_ns);
  const bool key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  ring_.push({share_buffer(buffer), caps_, time, time.running_ns - reorder_of(buffer), key});
  if (feed_ == nullptr) judge_own(buffer, time.running_ns);
  judge();
}

void ClipRecorder::wait_for_room(std::size_t bytes) {
  while (feed_ != nullptr && must_wait(bytes)) {
    if (!feed_->wait_beyond(feed_->observed_ns(), kStallMs)) {
      if (!feed_->is_flushing()) give_up_waiting(bytes);
      return;
    }
    judge();
  }
}

bool ClipRecorder::must_wait(std::size_t bytes) const {
  if (host_->live || !running_) return false;
  const bool overflows = !may_overflow_ && ring_.is_full_for(bytes);
  return lead_ns() > (overflows ? kMinLeadNs : may_lead_ns_);
}

void ClipRecorder::give_up_waiting(std::size_t bytes) {
  may_overflow_ = may_overflow_ || ring_.is_full_for(bytes);
  may_lead_ns_ = std::max(may_lead_ns_, 2 * lead_ns());
}

std::int64_t ClipRecorder::observed_ns() const {
  const std::int64_t seen = feed_ == nullptr ? own_ns_ : feed_->observed_ns();
  const std::int64_t floor = host_->live ? newest_ns_ - kMaxScoringAgeNs : first_ns_;
  return std::clamp(seen, std::min(floor, newest_ns_), newest_ns_);
}

void ClipRecorder::judge_own(GstBuffer* buffer, std::int64_t running_ns) {
  auto meta = read_novelty_meta(buffer);
  if (!meta) {
    own_ns_ = std::max(own_ns_, running_ns);
    return;
  }
  const GstClockTime scored = meta->scored_pts;
  const bool again = GST_CLOCK_TIME_IS_VALID(scored) && scored == last_scored_pts_;
  last_scored_pts_ = scored;
  const Observation seen = observation_of(std::move(*meta), running_ns);
  own_ns_ = std::max(own_ns_, seen.at_ns);
  if (!again) observe(seen);
}

void ClipRecorder::judge() {
  const std::int64_t observed = observed_ns();  // before the taking: all up to there is taken then
  if (feed_ != nullptr) {
    for (const Observation& seen : feed_->take_until(newest_ns_)) observe(seen);
  }
  pass(observed);
}

void ClipRecorder::observe(const Observation& seen) {
  const bool goes_on = clip_ != nullptr && clip_->facts.events.back().id == seen.meta.event_id;
  if (!goes_on) pass(std::min(seen.at_ns, newest_ns_));
  scores_.push_back({seen.at_ns, seen.meta.score, seen.meta.p_value, seen.meta.threshold});
  if (!seen.meta.event_id.empty()) note(seen);
}

// All up to that time is judged.
void ClipRecorder::pass(std::int64_t observed_ns) {
  write_due();
  draw_curve();
  if (clip_ != nullptr && is_over(observed_ns)) finish(false);
  ring_.trim(observed_ns - settings_.pre_roll_ns - settings_.decision_ns);
  const std::int64_t from_ns =
      ring_.units().empty() ? observed_ns : ring_.units().front().time.running_ns;
  while (!scores_.empty() && scores_.front().at_ns < from_ns) scores_.pop_front();
  const std::int64_t audio_from_ns =
      ring_.units().empty() ? observed_ns : ring_.units().front().decode_ns;
  for (const auto& track : audio_->all()) track->trim(audio_from_ns);
}

// An event that begins from now on begins its clip at the next key frame at the earliest.
bool ClipRecorder::is_over(std::int64_t observed_ns) const {
  if (observed_ns <= clip_->until_ns - settings_.post_roll_ns) return false;  // in the event yet
  const RecordUnit* key = ring_.key_after_or_null(clip_->until_ns);
  return key != nullptr && observed_ns - settings_.pre_roll_ns >= key->time.running_ns;
}

void ClipRecorder::note(const Observation& seen) {
  const NoveltyMeta& meta = seen.meta;
  const bool was_given_up = meta.event_id == given_up_event_;
  if (was_given_up && seen.at_ns < given_up_ns_ + kRetryNs) return;
  if (clip_ == nullptr) {
    const auto first = ring_.start_at(seen.at_ns - (was_given_up ? 0 : settings_.pre_roll_ns));
    if (!first) return;
    open(*first, nullptr);
    clip_->facts.camera = settings_.camera.empty() ? meta.camera : settings_.camera;
    clip_->facts.model_id = meta.model_id;
  }
  if (note_event(clip_->facts.events, meta, seen.at_ns)) keep_peak(seen);
  clip_->until_ns = std::max(clip_->until_ns, seen.at_ns + settings_.post_roll_ns);
  write_due();
}

// Only one event is open at a time, so that the peak of the one before is final.
void ClipRecorder::keep_peak(const Observation& seen) {
  Clip& clip = *clip_;
  if (clip.peak_event != seen.meta.event_id) post_peak();
  clip.peak_event = seen.meta.event_id;
  clip.peak = {ring_.group_up_to(seen.at_ns), seen.meta};
}

void ClipRecorder::post_peak() {
  Clip& clip = *clip_;
  const std::string event = std::exchange(clip.peak_event, {});
  PeakPicture peak = std::exchange(clip.peak, {});
  const std::size_t bytes = size_of(peak);
  if (event.empty() || peak.units.empty() || bytes > kMaxPosterBytes) return;
  worker_.post(bytes, !host_->live, [file = clip.file, event, peak = std::move(peak)] {
    file->add_poster(event, peak);
  });
}

void ClipRecorder::draw_curve() {
  if (clip_ == nullptr || clip_->facts.frames == 0) return;
  Clip& clip = *clip_;
  for (const ScorePoint& point : scores_) {
    if (point.at_ns <= clip.drawn_ns || point.at_ns > std::max(clip.until_ns, clip.last_ns))
      continue;
    clip.curve.add(point);
    clip.drawn_ns = point.at_ns;
  }
}

void ClipRecorder::open(std::uint64_t first, std::shared_ptr<ClipFile> before) {
  clip_ = std::make_unique<Clip>();
  clip_->file = std::make_shared<ClipFile>(host_, std::move(before));
  clip_->facts.kind = "clip";
  clip_->facts.settings = settings_;
  clip_->facts.encoder = host_->encoder();
  clip_->next = first;
}

// Reordered pictures that are shown before one that is written belong to the clip, or it would end
// with a hole.
bool ClipRecorder::is_behind(const RecordUnit& unit) const {
  return unit.decode_ns > clip_->until_ns && unit.time.running_ns > clip_->last_ns;
}

void ClipRecorder::write_due() {
  const bool lost =
      clip_ != nullptr && !ring_.units().empty() && clip_->next < ring_.units().front().number;
  if (lost) {  // the event goes on in a new clip
    host_->warn("max-ring-bytes is too small for this stream: a part of an event is not recorded");
    finish(true);
  }
  while (clip_ != nullptr) {
    const RecordUnit* unit = ring_.find_or_null(clip_->next);
    if (unit == nullptr || is_behind(*unit)) return;
    const std::int64_t length = unit->time.running_ns - clip_->facts.begin.running_ns;
    const bool full = settings_.max_duration_ns > 0 && length >= settings_.max_duration_ns;
    const bool begun = clip_->facts.frames > 0;
    const bool again = begun && retries(unit->time.running_ns);
    if (begun && (((full || again) && unit->key) || !same_caps(unit->caps, clip_->caps)))
      split(*unit);
    write(*unit);
  }
}

// Whether a clip whose file has failed is tried anew at this picture.
bool ClipRecorder::retries(std::int64_t running_ns) {
  if (!clip_->file->has_failed()) return false;
  if (!clip_->failed_ns) clip_->failed_ns = running_ns;
  return running_ns - *clip_->failed_ns >= kRetryNs;
}

// Goes on in a new clip from this unit, with the event that is not over yet.
void ClipRecorder::split(const RecordUnit& unit) {
  write_audio(unit.decode_ns, 0);  // where the next clip takes up the sound
  clip_->audio.clear();
  const RecordingFacts before = clip_->facts;
  const std::int64_t until_ns = clip_->until_ns;
  auto file = clip_->file;
  finish(false);
  open(unit.number, std::move(file));
  clip_->until_ns = until_ns;
  clip_->facts.camera = before.camera;
  clip_->facts.model_id = before.model_id;
  clip_->facts.events = {before.events.back()};
}

bool ClipRecorder::begin_file(const RecordUnit& unit) {
  Clip& clip = *clip_;
  clip.caps = unit.caps;
  clip.facts.begin = unit.time;
  clip.zero_ns = unit.decode_ns;
  clip.last_ns = unit.time.running_ns;
  clip.drawn_ns = unit.time.running_ns - 1;
  open_audio();
  std::vector<SharedCaps> audio;
  for (const ClipAudio& track : clip.audio) audio.push_back(track.caps);
  return worker_.post(kOpenBytes, !host_->live,
                      [file = clip.file, store = settings_.store, facts = clip.facts,
                       caps = unit.caps, audio] { file->open(store, facts, caps, audio); });
}

// With the sound that is there by now.
void ClipRecorder::open_audio() {
  const std::int64_t zero_ns = clip_->zero_ns;
  for (const auto& track : audio_->all()) {
    if (!host_->live && waits_for_audio_) waits_for_audio_ = track->wait_until(zero_ns, kStallMs);
    if (SharedCaps caps = track->caps()) clip_->audio.push_back({track, std::move(caps), zero_ns});
  }
}

// Up to that running time; what changed its format is left to the next clip. behind_ns: how much of
// it may still be missing where the stream is not live.
void ClipRecorder::write_audio(std::int64_t until_ns, std::int64_t behind_ns) {
  Clip& clip = *clip_;
  for (std::size_t i = 0; i < clip.audio.size(); ++i) {
    auto& [track, caps, next_ns] = clip.audio[i];
    if (!host_->live && waits_for_audio_)
      waits_for_audio_ = track->wait_until(until_ns - behind_ns, kStallMs);
    for (const AudioUnit& unit : track->between(next_ns, until_ns)) {
      next_ns = unit.running_ns + 1;
      if (!same_caps(unit.caps, caps)) continue;
      worker_.post(
          gst_buffer_get_size(unit.buffer.get()), !host_->live,
          [file = clip.file, i, buffer = unit.buffer, pts_ns = unit.running_ns - clip.zero_ns] {
            file->write_audio(i, buffer, pts_ns);
          });
    }
  }
}

void ClipRecorder::write(const RecordUnit& unit) {
  Clip& clip = *clip_;
  if (clip.facts.frames == 0 && !begin_file(unit)) {
    give_up();
    return;
  }
  write_audio(unit.decode_ns, kMaxAudioBehindNs);
  const ClipTime time{std::max<std::int64_t>(0, unit.time.running_ns - clip.zero_ns),
                      std::max<std::int64_t>(0, unit.decode_ns - clip.zero_ns)};
  const bool taken =
      worker_.post(gst_buffer_get_size(unit.buffer.get()), !host_->live,
                   [file = clip.file, buffer = unit.buffer, time] { file->write(buffer, time); });
  if (!taken) {
    give_up();
    return;
  }
  clip.facts.end_ns = std::max(clip.facts.end_ns, end_of(unit));
  clip.last_ns = std::max(clip.last_ns, unit.time.running_ns);
  ++clip.facts.frames;
  clip.next = unit.number + 1;
}

void ClipRecorder::give_up() {
  host_->warn("the disk cannot keep up: the rest of the event is not recorded");
  given_up_event_ = clip_->facts.events.back().id;
  given_up_ns_ = newest_ns_;
  if (clip_->facts.frames > 0) {
    finish(true);
  } else {
    clip_.reset();
  }
}

void ClipRecorder::finish(bool truncated) {
  write_audio(clip_->facts.end_ns, 0);
  draw_curve();
  post_peak();
  RecordingFacts& facts = clip_->facts;
  facts.truncated = truncated;
  for (const ScorePoint& point : clip_->curve.points()) {
    if (point.at_ns <= facts.end_ns) facts.scores.push_back(point);
  }
  worker_.post(0, false, [file = clip_->file, facts] { file->finish(facts); });
  clip_.reset();
}

void ClipRecorder::advance(std::int64_t running_ns) {
  judge();
  const bool quiet = clip_ != nullptr && running_ns - newest_ns_ > kMaxScoringAgeNs &&
                     running_ns - settings_.pre_roll_ns > clip_->until_ns;
  if (quiet) finish(false);
}

void ClipRecorder::end() {
  while (feed_ != nullptr && running_) {
    const std::int64_t seen = feed_->observed_ns();
    judge();
    if (seen >= newest_ns_ || !feed_->wait_beyond(seen, kStallMs)) break;
  }
  if (clip_ != nullptr) finish(false);
  close();
}

void ClipRecorder::close() {
  waits_for_audio_ = false;  // its branch may have stopped before
  if (running_) judge();
  if (clip_ != nullptr) finish(false);
  waits_for_audio_ = true;
  ring_.clear();
  scores_.clear();
  for (const auto& track : audio_->all()) track->clear();
  running_ = false;
  last_scored_pts_ = GST_CLOCK_TIME_NONE;
  given_up_event_.clear();
}

bool ClipRecorder::drain() {
  return worker_.drain(kDrainTimeoutSeconds);
}

void ClipRecorder::set_flushing(bool flushing) {
  worker_.set_flushing(flushing);
  for (const auto& track : audio_->all()) track->set_flushing(flushing);
  if (feed_ != nullptr) feed_->set_flushing(flushing);
}

}  // namespace novelty
