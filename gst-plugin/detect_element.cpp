// SPDX-License-Identifier: Apache-2.0
// Buffers, events, time and queries of noveltydetect.
#include "detect_element.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <utility>

#include "detect_announce.h"
#include "frame_view.h"
#include "novelty/error.h"

GST_DEBUG_CATEGORY_EXTERN(gst_novelty_detect_debug);
#define GST_CAT_DEFAULT gst_novelty_detect_debug

namespace novelty {
namespace {

using QueryPtr = std::unique_ptr<GstQuery, decltype(&gst_query_unref)>;

/// A buffer mapped for reading, without a reference: the buffer must stay.
class MappedFrame {
 public:
  MappedFrame(const GstVideoInfo& info, GstBuffer* buffer) {
    constexpr int kFlags = static_cast<int>(GST_MAP_READ) | GST_VIDEO_FRAME_MAP_FLAG_NO_REF;
    if (gst_video_frame_map(&frame_, &info, buffer, static_cast<GstMapFlags>(kFlags)) == FALSE)
      throw Error(ErrorKind::kResource, "video", "a frame cannot be mapped for reading");
  }
  ~MappedFrame() { gst_video_frame_unmap(&frame_); }
  MappedFrame(const MappedFrame&) = delete;
  MappedFrame& operator=(const MappedFrame&) = delete;

  const GstVideoFrame& get() const { return frame_; }

 private:
  GstVideoFrame frame_;
};

GstClockTime frame_duration_of(const GstVideoInfo& info) {
  constexpr GstClockTime kUnknown = 40 * GST_MSECOND;
  if (info.fps_n <= 0) return kUnknown;
  return gst_util_uint64_scale_int(GST_SECOND, info.fps_d, info.fps_n);
}

bool falls(const GstSegment& segment) {
  return (segment.rate < 0) != (segment.applied_rate < 0);
}

// Stream time as it passes: played backwards its negative, which rises.
std::int64_t passing(const GstSegment& segment, guint64 stream_time) {
  const auto time = static_cast<std::int64_t>(stream_time);
  return falls(segment) ? -time : time;
}

// Whether b goes on where a is, in stream and running time, perhaps at another speed.
bool goes_on(const GstSegment& a, const GstSegment& b) {
  if (a.format != GST_FORMAT_TIME || b.format != GST_FORMAT_TIME || falls(a) != falls(b))
    return gst_segment_is_equal(&a, &b) != FALSE;
  constexpr GstClockTimeDiff kRounding = GST_MSECOND;
  const guint64 joint = b.rate < 0 ? b.stop : b.start;
  const auto differ = [&](auto time_at) {
    guint64 one = 0, other = 0;
    const int sign = time_at(&a, GST_FORMAT_TIME, joint, &one);
    return sign != time_at(&b, GST_FORMAT_TIME, joint, &other) ||
           std::abs(GST_CLOCK_DIFF(one, other)) > kRounding;
  };
  return !differ(gst_segment_to_stream_time_full) && !differ(gst_segment_to_running_time_full);
}

bool is_exact(GstVideoColorMatrix matrix) {
  return matrix != GST_VIDEO_COLOR_MATRIX_BT2020 && matrix != GST_VIDEO_COLOR_MATRIX_SMPTE240M &&
         matrix != GST_VIDEO_COLOR_MATRIX_FCC;
}

// A new model or mask that is not taken over.
void warn_of_change(GstBaseTransform* element, const std::string& reason) {
  GST_ELEMENT_WARNING(element, RESOURCE, OPEN_READ, ("%s; what is in use stays", reason.c_str()),
                      (nullptr));
}

}  // namespace

DetectElement::DetectElement(GstBaseTransform* element)
    : element_(element),
      state_([element](const std::string& reason) { warn_of_change(element, reason); }) {
  gst_video_info_init(&info_);
}

DetectSettings DetectElement::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void DetectElement::change(const std::function<void(DetectSettings&)>& edit) {
  const std::lock_guard lock(mutex_);
  const DetectMode mode = settings_.mode;
  edit(settings_);
  if (settings_.mode != mode) choose_mode_ = true;
}

void DetectElement::change_area(const std::function<void(DetectSettings&)>& edit) {
  try {
    try_area(edit);
  } catch (const Error& error) {
    warn_of_change(element_, error.what());
  }
}

void DetectElement::try_area(const std::function<void(DetectSettings&)>& edit) {
  const std::lock_guard one_at_a_time(area_mutex_);
  bool open = false;
  DetectSettings next;
  {
    const std::lock_guard lock(mutex_);
    open = open_;
    next = settings_;
  }
  edit(next);
  if (open) {
    next.area = std::make_shared<const AreaMask>(next.roi, next.ignore);
    state_.check_area(*next.area);
  }
  const std::lock_guard lock(mutex_);
  settings_.roi = next.roi;
  settings_.ignore = next.ignore;
  settings_.area = next.area;
}

void DetectElement::open_area() {
  const std::lock_guard one_at_a_time(area_mutex_);
  const DetectSettings now = settings();
  auto area = std::make_shared<const AreaMask>(now.roi, now.ignore);
  const std::lock_guard lock(mutex_);
  settings_.area = std::move(area);
}

void DetectElement::reload() {
  DetectSettings settings;
  {
    const std::lock_guard lock(mutex_);
    if (!open_) return;
    settings = settings_;
  }
  state_.request_model(settings);
}

void DetectElement::open() {
  {
    const std::lock_guard lock(mutex_);
    open_ = true;  // from here on a new `model` loads beside, a new mask is read at once
  }
  try {
    open_area();
    state_.open(settings());
  } catch (...) {
    close();
    throw;
  }
}

void DetectElement::close() {
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
    settings_.area = nullptr;
  }
  state_.close();
}

void DetectElement::start() {
  choose_mode_ = true;
  warned_of_matrix_ = false;
  next_ns_ = 0;
  latency_ns_ = 0;
}

void DetectElement::stop() {
  Reports reports;
  state_.stop("stopped", reports);
  announce(element_, settings(), live_, reports);
}

void DetectElement::set_info(const GstVideoInfo& info) {
  info_ = info;
  const GstVideoColorMatrix matrix = info.colorimetry.matrix;
  if (!GST_VIDEO_INFO_IS_YUV(&info) || is_exact(matrix) || std::exchange(warned_of_matrix_, true))
    return;
  const bool fcc = matrix == GST_VIDEO_COLOR_MATRIX_FCC;
  GST_ELEMENT_WARNING(element_, STREAM, FORMAT,
                      ("the color matrix of the video is taken as %s, the nearest known: train on "
                       "footage of the same kind",
                       fcc ? "bt601" : "bt709"),
                      (nullptr));
}

void DetectElement::frame(GstBuffer* buffer) {
  const FrameTime time = time_of(buffer);
  gst_object_sync_values(GST_OBJECT_CAST(element_),
                         static_cast<GstClockTime>(std::abs(time.stream_ns)));
  const DetectSettings settings = this->settings();
  if (!settings.enabled) return reset("stopped");
  choose_mode(settings);
  Reports reports;
  const auto loaded = state_.begin_frame(settings, reports);
  if (loaded != nullptr) announce_model(element_, *loaded);
  if (rearm_.exchange(false)) state_.rearm();
  if (state_.wants_pixels()) score(buffer, time, reports);
  announce(element_, settings, live_, reports);
  if (const auto meta = state_.meta_at(time)) add_novelty_meta(buffer, *meta);
}

void DetectElement::choose_mode(const DetectSettings& settings) {
  if (!choose_mode_.exchange(false)) return;
  live_ = upstream_is_live();
  background_ =
      settings.mode == DetectMode::kLatest || (settings.mode == DetectMode::kAuto && live_);
  state_.set_background(background_);
  GST_INFO_OBJECT(element_, "source is %s, scoring %s", live_ ? "live" : "not live",
                  background_ ? "the newest frame (latest)" : "every frame");
}

// At READY the query fails; from the first buffer on it is right.
bool DetectElement::upstream_is_live() const {
  const QueryPtr query(gst_query_new_latency(), gst_query_unref);
  if (gst_pad_peer_query(GST_BASE_TRANSFORM_SINK_PAD(element_), query.get()) == FALSE) return false;
  gboolean live = FALSE;
  gst_query_parse_latency(query.get(), &live, nullptr, nullptr);
  return live != FALSE;
}

FrameTime DetectElement::time_of(GstBuffer* buffer) {
  FrameTime time{GST_BUFFER_PTS(buffer), next_ns_};
  const GstSegment& segment = element_->segment;
  if (GST_CLOCK_TIME_IS_VALID(time.pts) && segment.format == GST_FORMAT_TIME) {
    const guint64 stream = gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, time.pts);
    if (GST_CLOCK_TIME_IS_VALID(stream)) time.stream_ns = passing(segment, stream);
  }
  next_ns_ = time.stream_ns + static_cast<std::int64_t>(frame_duration_of(info_));
  return time;
}

void DetectElement::score(GstBuffer* buffer, const FrameTime& time, Reports& reports) {
  const auto start = std::chrono::steady_clock::now();
  {
    const MappedFrame mapped(info_, buffer);
    state_.offer(frame_view_of(mapped.get()), time, reports);
  }
  if (live_ && !background_)
    note_latency(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count());
}

// A quarter is added so that a slightly slower frame is no news.
void DetectElement::note_latency(std::int64_t waited_ns) {
  const auto waited = static_cast<GstClockTime>(waited_ns);
  if (waited <= latency_ns_) return;
  latency_ns_ = waited + waited / 4;
  gst_element_post_message(GST_ELEMENT_CAST(element_),
                           gst_message_new_latency(GST_OBJECT_CAST(element_)));
}

void DetectElement::reset(const std::string& reason) {
  Reports reports;
  state_.reset(reason, reports);
  announce(element_, settings(), live_, reports);
}

void DetectElement::sink_event(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      choose_mode_ = true;
      next_ns_ = 0;
      return reset("discont");
    case GST_EVENT_SEGMENT:
      return take_segment(event);
    case GST_EVENT_GAP:
      return take_gap(event);
    case GST_EVENT_EOS:
      return reset("eos");
    case GST_EVENT_FLUSH_STOP:
      return reset("flush");
    default:
      return;
  }
}

void DetectElement::take_segment(GstEvent* event) {
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  if (goes_on(element_->segment, *segment)) return;
  reset("discont");
}

void DetectElement::take_gap(GstEvent* event) {
  GstClockTime start = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;
  gst_event_parse_gap(event, &start, &duration);
  if (!GST_CLOCK_TIME_IS_VALID(start) || element_->segment.format != GST_FORMAT_TIME) return;
  if (GST_CLOCK_TIME_IS_VALID(duration) && element_->segment.rate > 0) start += duration;
  const guint64 stream = gst_segment_to_stream_time(&element_->segment, GST_FORMAT_TIME, start);
  if (!GST_CLOCK_TIME_IS_VALID(stream)) return;
  Reports reports;
  state_.advance(passing(element_->segment, stream), reports);
  announce(element_, settings(), live_, reports);
}

}  // namespace novelty
