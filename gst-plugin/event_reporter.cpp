// SPDX-License-Identifier: Apache-2.0
// From the scores of a stream to what is told about its events.
#include "event_reporter.h"

#include <cstdlib>
#include <utility>

namespace novelty {
namespace {

constexpr std::int64_t kUpdateInterval = 1'000'000'000;

// Played backwards it passes as its negative.
GstClockTime stream_time_of(std::int64_t passing_ns) {
  return static_cast<GstClockTime>(std::abs(passing_ns));
}

}  // namespace

void EventReporter::configure(std::shared_ptr<const Detector> detector,
                              const EventOptions& options) {
  detector_ = std::move(detector);
  tracker_.set_options(options);
}

FrameState EventReporter::push(std::int64_t time_ns, const FrameScore& score,
                               const SceneState& scene, Reports& reports) {
  follow_scene(time_ns, scene.change, reports);
  if (scene.held && !tracker_.is_open()) {
    peak_.reset();
    return {.smoothed = score.score};
  }
  EventStep step = tracker_.push(time_ns, score.score);
  if (step.ended) report_end(*step.ended, reports);
  follow_peak(step.frame, score);
  if (step.frame.event) report_open(step, time_ns, reports);
  return std::move(step.frame);
}

void EventReporter::follow_scene(std::int64_t time_ns, SceneChange change, Reports& reports) {
  last_ns_ = time_ns;
  if (change == scene_) return;
  if (const auto ended = tracker_.close("scene-change")) report_end(*ended, reports);
  SceneNotice notice;
  notice.active = change != SceneChange::kNone;
  notice.reason = scene_change_name(notice.active ? change : scene_);
  notice.stream_time = stream_time_of(time_ns);
  reports.emplace_back(std::move(notice));
  scene_ = change;
}

bool EventReporter::advance(std::int64_t time_ns, Reports& reports) {
  const auto ended = tracker_.advance(time_ns);
  if (ended) report_end(*ended, reports);
  return ended.has_value();
}

void EventReporter::close(const std::string& reason, Reports& reports) {
  if (const auto ended = tracker_.close(reason)) report_end(*ended, reports);
  peak_.reset();
  follow_scene(last_ns_, SceneChange::kNone, reports);
}

void EventReporter::follow_peak(const FrameState& frame, const FrameScore& score) {
  if (!frame.novel && !frame.event) {
    peak_.reset();
  } else if (!peak_ || score.score > peak_->score) {
    peak_ = Peak{score.score, std::nullopt};
    if (!score.regions.empty()) peak_->region = score.regions.front();
  }
}

void EventReporter::report_open(const EventStep& step, std::int64_t time_ns, Reports& reports) {
  const Event& event = *step.frame.event;
  if (step.change == EventChange::kBegin) {
    reports.emplace_back(report_of(event, EventChange::kBegin, event.begin_ns));
    update_due_ = false;
    told_ns_ = time_ns;
    return;
  }
  update_due_ = update_due_ || step.change == EventChange::kUpdate;
  if (!update_due_ || time_ns - told_ns_ < kUpdateInterval) return;
  reports.emplace_back(report_of(event, EventChange::kUpdate, event.peak_ns));
  update_due_ = false;
  told_ns_ = time_ns;
}

void EventReporter::report_end(const Event& event, Reports& reports) {
  NoveltyEvent report = report_of(event, EventChange::kEnd, event.end_ns);
  report.reason = event.end_reason;
  reports.emplace_back(std::move(report));
  peak_.reset();
}

NoveltyEvent EventReporter::report_of(const Event& event, EventChange change,
                                      std::int64_t time_ns) const {
  NoveltyEvent report;
  report.change = change;
  report.event_id = event.id;
  report.stream_time = stream_time_of(time_ns);
  report.peak_score = event.peak_score;
  report.p_value = detector_->p_value(event.peak_score);
  if (peak_) report.region = peak_->region;
  return report;
}

}  // namespace novelty
