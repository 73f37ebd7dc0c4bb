// SPDX-License-Identifier: Apache-2.0
// The temporal logic: causal smoothing, hysteresis, minimum duration, hold.
#include "novelty/events.h"

#include <cmath>
#include <utility>

#include "base/smoothing.h"
#include "novelty/error.h"
#include "temporal/elapsed.h"

namespace novelty {
namespace {

void check_options(const EventOptions& options) {
  const auto refuse = [](const char* name, const std::string& message) {
    throw Error(ErrorKind::kSettings, name, message);
  };
  if (!std::isfinite(options.threshold)) refuse("threshold", "is not a finite number");
  if (!(options.exit_threshold <= options.threshold)) {  // so that NaN is refused as well
    refuse("exit_threshold", "must not exceed the threshold");
  }
  if (options.smoothing_ns < 0) refuse("smoothing", "must not be negative");
  if (options.min_duration_ns < 0) refuse("min_duration", "must not be negative");
  if (options.hold_ns < 0) refuse("hold", "must not be negative");
}

}  // namespace

EventTracker::EventTracker(const EventOptions& options) : options_(options) {
  check_options(options);
}

void EventTracker::set_options(const EventOptions& options) {
  check_options(options);
  options_ = options;
  if (!open_) over_ = over_ && smoothed_ >= options.threshold;  // what has not begun must earn it
}

EventStep EventTracker::push(std::int64_t time_ns, double score) {
  if (!std::isfinite(score)) throw Error(ErrorKind::kSettings, "score", "is not a finite number");
  EventStep step;
  if (has_last_ && time_ns <= last_ns_) step.ended = close("discont");
  take_sample(time_ns, score);
  step.frame.smoothed = smoothed_;
  if (open_ && !over_ && elapsed(last_novel_ns_, time_ns) > options_.hold_ns) {
    step.ended = end("over");
    smoothed_ = score;  // what is over must not count towards the next event
  }
  if (step.ended) {  // one change a frame: what begins here begins with the next frame
    step.change = EventChange::kEnd;
    return step;
  }
  step.change = open_ ? feed(time_ns, score) : maybe_begin(time_ns, score);
  step.frame.novel = open_ && over_;
  step.frame.held = open_ && !over_;
  step.frame.event = open_;
  return step;
}

void EventTracker::take_sample(std::int64_t time_ns, double score) {
  if (has_last_) {
    smoothed_ +=
        smoothing_gain(elapsed(last_ns_, time_ns), options_.smoothing_ns) * (score - smoothed_);
  } else {
    smoothed_ = score;
  }
  has_last_ = true;
  last_ns_ = time_ns;
  const bool was_over = over_;
  // Smoothing delays a begin, which is its purpose; it must not delay an end.
  over_ = open_ ? score >= options_.exit_threshold : smoothed_ >= options_.threshold;
  if (over_ && !was_over) over_since_ns_ = time_ns;
}

EventChange EventTracker::maybe_begin(std::int64_t time_ns, double score) {
  if (!over_ || elapsed(over_since_ns_, time_ns) < options_.min_duration_ns) {
    return EventChange::kNone;
  }
  open_ = Event{make_ulid(), time_ns, time_ns, time_ns, score, {}};
  last_novel_ns_ = time_ns;
  return EventChange::kBegin;
}

EventChange EventTracker::feed(std::int64_t time_ns, double score) {
  if (over_) open_->end_ns = last_novel_ns_ = time_ns;
  if (score <= open_->peak_score) return EventChange::kNone;
  open_->peak_score = score;
  open_->peak_ns = time_ns;
  return EventChange::kUpdate;
}

std::optional<Event> EventTracker::advance(std::int64_t time_ns) {
  const std::int64_t seen_ns = open_ ? last_novel_ns_ : last_ns_;
  if (elapsed(seen_ns, time_ns) <= options_.hold_ns) return std::nullopt;
  over_ = false;  // what was not seen for so long has not stayed over
  return end("over");
}

std::optional<Event> EventTracker::close(const std::string& reason) {
  auto ended = end(reason);
  has_last_ = false;
  over_ = false;
  return ended;
}

std::optional<Event> EventTracker::end(const std::string& reason) {
  auto ended = std::exchange(open_, std::nullopt);
  if (ended) ended->end_reason = reason;
  return ended;
}

}  // namespace novelty
