// SPDX-License-Identifier: Apache-2.0
// When to score, which result a frame carries and what is told.
#include "detect_state.h"

#include <limits>
#include <utility>
#include <variant>

#include "novelty/error.h"

namespace novelty {
namespace {

// Slow change must not hide for ever in a tolerance.
constexpr std::int64_t kLongestUnchanged = 10'000'000'000;

// The score of a p-value; p = 0: no frame is novel, p = 1: every frame is.
double threshold_of(const Detector& detector, double p_value) {
  if (p_value <= 0) return std::numeric_limits<double>::max();
  if (p_value >= 1) return std::numeric_limits<double>::lowest();
  return detector.score_of(p_value);
}

bool same_event_settings(const DetectSettings& a, const DetectSettings& b) {
  return a.threshold == b.threshold && a.target_per_hour == b.target_per_hour &&
         a.smoothing_ns == b.smoothing_ns && a.min_duration_ns == b.min_duration_ns &&
         a.hold_ns == b.hold_ns;
}

CountedPatches counted_of(const Detector& detector, const AreaMask& area) {
  return std::make_shared<const std::vector<std::uint8_t>>(area.counted(detector.info().grid_size));
}

std::uint64_t age_of(const FrameTime& time, GstClockTime scored_pts) {
  const bool known = GST_CLOCK_TIME_IS_VALID(time.pts) && GST_CLOCK_TIME_IS_VALID(scored_pts);
  return known && time.pts > scored_pts ? time.pts - scored_pts : 0;
}

}  // namespace

EventOptions event_options(const Detector& detector, const DetectSettings& settings) {
  EventOptions options = detector.event_options();
  if (settings.threshold >= 0) {
    const double hysteresis = options.threshold - options.exit_threshold;
    options.threshold = threshold_of(detector, settings.threshold);
    options.exit_threshold = options.threshold - hysteresis;
  } else if (settings.target_per_hour > 0) {
    options = detector.event_options_for(settings.target_per_hour);
  }
  if (settings.smoothing_ns >= 0) options.smoothing_ns = settings.smoothing_ns;
  if (settings.min_duration_ns >= 0) options.min_duration_ns = settings.min_duration_ns;
  if (settings.hold_ns >= 0) options.hold_ns = settings.hold_ns;
  return options;
}

void DetectState::open(const DetectSettings& settings) {
  if (settings.model.empty())
    throw Error(ErrorKind::kSettings, "model", "no model is set",
                "set model=FILE.novelty, which `novelty train` writes");
  loader_.take();
  auto detector = Detector::load(settings.model, detector_options(settings));
  auto counted = counted_of(*detector, *settings.area);
  {
    const std::lock_guard lock(stats_mutex_);
    stats_ = {};
  }
  settings_ = settings;
  use(std::move(detector), std::move(counted));
}

void DetectState::close() {
  loader_.stop();
  worker_.reset();
  forget();
  scorer_ = {};
  job_ = {};
  reporter_ = {};
  guard_.reset();
  detector_ = nullptr;
  counted_ = nullptr;
  const std::lock_guard lock(stats_mutex_);
  grid_size_ = 0;
}

void DetectState::use(std::shared_ptr<const Detector> detector, CountedPatches counted) {
  detector_ = std::move(detector);
  counted_ = std::move(counted);
  configure();
  guard_ = detector_->make_scene_guard();
  watched_ = false;
  const std::lock_guard lock(stats_mutex_);
  stats_.model_id = detector_->info().id;
  stats_.device = detector_->info().device;
  stats_.precision = detector_->info().precision;
  stats_.model_path = detector_->info().path;
  grid_size_ = detector_->info().grid_size;
}

void DetectState::check_area(const AreaMask& area) const {
  int grid_size = 0;
  {
    const std::lock_guard lock(stats_mutex_);
    grid_size = grid_size_;
  }
  if (grid_size > 0) area.counted(grid_size);
}

CountedPatches DetectState::counted_or_null(const Detector& detector, const AreaMask& area) const {
  try {
    return counted_of(detector, area);
  } catch (const Error& error) {
    failure_(error.what());
    return nullptr;
  }
}

void DetectState::set_background(bool background) {
  if (background != (worker_ != nullptr))
    worker_ = background ? std::make_unique<DetectWorker>() : nullptr;
  const std::lock_guard lock(stats_mutex_);
  stats_.background = background;
}

void DetectState::stop(const std::string& reason, Reports& reports) {
  worker_.reset();
  reset(reason, reports);
}

void DetectState::reset(const std::string& reason, Reports& reports) {
  reporter_.close(reason, reports);
  if (guard_) guard_->reset();
  forget();
}

void DetectState::forget() {
  last_.reset();
  since_scored_ = 0;
  ++generation_;
  drift_.reset();
  const std::lock_guard lock(stats_mutex_);
  stats_.scene_change.clear();
  stats_.drift = 0;
}

// A model that was loaded meanwhile, in use from now on. One with too coarse a grid for the mask is
// dropped.
std::shared_ptr<const Detector> DetectState::take_over(const DetectSettings& settings,
                                                       Reports& reports) {
  auto loaded = loader_.take();
  if (loaded == nullptr) return nullptr;
  auto counted = counted_or_null(*loaded, *settings.area);
  if (counted == nullptr) return nullptr;
  reset("model", reports);  // scores of two models do not compare
  settings_ = settings;
  use(loaded, std::move(counted));
  return loaded;
}

std::shared_ptr<const Detector> DetectState::begin_frame(const DetectSettings& settings,
                                                         Reports& reports) {
  collect(reports);
  auto loaded = take_over(settings, reports);
  apply(settings);
  const std::lock_guard lock(stats_mutex_);
  ++stats_.frames;
  return loaded;
}

void DetectState::apply(const DetectSettings& settings) {
  // check_area was asked before, but perhaps of the model before.
  if (settings.area != settings_.area) {
    if (auto counted = counted_or_null(*detector_, *settings.area)) counted_ = std::move(counted);
    drift_.reset();  // scores under two masks do not compare
  }
  const bool same = same_event_settings(settings, settings_);
  settings_ = settings;
  if (!settings_.adapt) drift_.reset();
  if (!same) configure();
}

void DetectState::configure() {
  options_ = event_options(*detector_, settings_);
  reporter_.configure(detector_, options_);
  drift_.configure(detector_->normal_score(), detector_->event_options(), options_);
}

void DetectState::collect(Reports& reports) {
  ScoreJob* job = worker_ == nullptr ? nullptr : worker_->idle_job();
  if (job == nullptr || !std::exchange(job->done, false)) return;
  if (job->generation == generation_) take_outcome(*job, reports);
}

bool DetectState::wants_pixels() {
  if (since_scored_ > 0 && since_scored_ < settings_.inference_interval) {
    ++since_scored_;
    return false;
  }
  return worker_ == nullptr || worker_->idle_job() != nullptr;
}

void DetectState::offer(const FrameView& frame, const FrameTime& time, Reports& reports) {
  ScoreJob& job = worker_ == nullptr ? job_ : *worker_->idle_job();
  detector_->prepare(frame, incoming_);
  const bool unchanged = is_unchanged(job, time);
  job.scene = watch(time, unchanged);
  job.time = time;
  job.generation = generation_;
  since_scored_ = 1;
  if (unchanged) {
    take_outcome(job, reports);
    const std::lock_guard lock(stats_mutex_);
    ++stats_.unchanged;
    return;
  }
  std::swap(job.frame.patches, incoming_.patches);
  job.detector = detector_;
  job.counted = counted_;
  job.made_ns = time.stream_ns;
  if (worker_ != nullptr) {
    worker_->submit();
    return;
  }
  scorer_.score(job);
  take_outcome(job, reports);
}

// Whether the newest frame shows what the job was scored on, under the same model and mask.
bool DetectState::is_unchanged(const ScoreJob& job, const FrameTime& time) const {
  const std::int64_t age = time.stream_ns - job.made_ns;
  return job.detector == detector_ && job.counted == counted_ && !job.error && age >= 0 &&
         age <= kLongestUnchanged &&
         detector_->alike(job.frame, incoming_, settings_.unchanged_tolerance);
}

SceneState DetectState::watch(const FrameTime& time, bool unchanged) {
  if (!settings_.scene_guard) {
    guard_->reset();
    watched_ = false;
    return {};
  }
  if (std::exchange(watched_, true) && unchanged) return guard_->repeat(time.stream_ns);
  return guard_->push(time.stream_ns, incoming_.patches);
}

// Decides on the score less the drift so far, which the frame then moves.
FrameState DetectState::judge(ScoreJob& job, Reports& reports) {
  const double score = job.score - drift_.offset();
  if (job.result.score != score) {
    job.result.score = score;
    job.result.p_value = job.detector->p_value(score);
  }
  FrameState state = reporter_.push(job.time.stream_ns, job.result, job.scene, reports);
  if (settings_.adapt)
    drift_.push(job.time.stream_ns, job.score, state.event.has_value() || job.scene.held);
  return state;
}

void DetectState::take_outcome(ScoreJob& job, Reports& reports) {
  if (job.error) std::rethrow_exception(job.error);
  const auto before = reports.size();
  const double drift = drift_.offset();
  const FrameState state = judge(job, reports);
  NoveltyMeta meta;
  meta.score = job.result.score;
  meta.drift = drift;
  meta.p_value = job.result.p_value;
  meta.threshold = options_.threshold;
  meta.smoothed = state.smoothed;
  meta.novel = state.novel;
  meta.held = state.held;
  if (state.event) meta.event_id = state.event->id;
  meta.scene_change = scene_change_name(job.scene.change);
  meta.scored_pts = job.time.pts;
  meta.model_id = job.detector->info().id;
  meta.map_size = job.result.map_size;
  meta.map = pack_map(job.result.map);
  meta.region_count = static_cast<int>(job.result.regions.size());
  meta.regions = pack_regions(job.result.regions);
  last_ = std::move(meta);
  const std::lock_guard lock(stats_mutex_);
  ++stats_.scored;
  stats_.last_score = job.result.score;
  stats_.drift = drift_.offset();
  stats_.scoring_ns = job.elapsed_ns;
  stats_.scene_change = scene_change_name(job.scene.change);
  count(reports, before);
}

// Only with stats_mutex_ held.
void DetectState::count(const Reports& reports, std::size_t first) {
  for (auto i = first; i < reports.size(); ++i) {
    const auto* event = std::get_if<NoveltyEvent>(&reports[i]);
    const auto* scene = std::get_if<SceneNotice>(&reports[i]);
    if (event != nullptr && event->change == EventChange::kBegin) ++stats_.events;
    if (scene != nullptr && scene->active) ++stats_.scene_changes;
  }
}

std::optional<NoveltyMeta> DetectState::meta_at(const FrameTime& time) const {
  if (!last_) return std::nullopt;
  NoveltyMeta meta = *last_;
  meta.camera = settings_.camera;
  meta.age_ns = age_of(time, meta.scored_pts);
  return meta;
}

void DetectState::advance(std::int64_t stream_ns, Reports& reports) {
  ++generation_;  // a frame of before the gap must not follow it
  if (!reporter_.advance(stream_ns, reports) || !last_) return;
  last_->novel = false;
  last_->held = false;
  last_->event_id.clear();
}

DetectStats DetectState::stats() const {
  const std::lock_guard lock(stats_mutex_);
  return stats_;
}

}  // namespace novelty
