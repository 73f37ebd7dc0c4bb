// SPDX-License-Identifier: Apache-2.0
// Scores footage with a model, frame by frame and in order.
#include "scoring_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include "image_files.h"
#include "interrupt.h"
#include "novelty/drift.h"
#include "novelty/error.h"
#include "picture.h"
#include "video_reader.h"

namespace novelty {
namespace {

/// What one scoring thread needs.
class Scorer {
 public:
  Scorer(const Detector& detector, const AreaMask& area)
      : detector_(detector),
        counted_(area.counted(detector.info().grid_size)),
        scratch_(detector.make_scratch()) {}

  FrameScore& score(const FrameView& view) {
    detector_.prepare(view, prepared_);
    detector_.score(prepared_, *scratch_, result_, counted_);
    return result_;
  }
  const PreparedFrame& prepared() const { return prepared_; }

 private:
  const Detector& detector_;
  const std::vector<std::uint8_t> counted_;
  std::unique_ptr<Detector::Scratch> scratch_;
  PreparedFrame prepared_;
  FrameScore result_;
};

/// The events of one video.
class EventList {
 public:
  EventList(const Detector& detector, std::string input, std::vector<FoundEvent>& events,
            bool adapt)
      : detector_(detector),
        input_(std::move(input)),
        events_(events),
        tracker_(detector.event_options()),
        guard_(detector.make_scene_guard()),
        adapt_(adapt) {
    drift_.configure(detector.normal_score(), detector.event_options(), detector.event_options());
  }

  /// As DetectState and EventReporter of the plugin do; lowers `score` by drift().
  FrameState push(std::int64_t time_ns, const PreparedFrame& frame, FrameScore& score) {
    const double raw = score.score;
    if (drift_.offset() != 0) {
      score.score -= drift_.offset();
      score.p_value = detector_.p_value(score.score);
    }
    const SceneState scene = guard_.push(time_ns, frame.patches);
    FrameState state = judge(time_ns, scene, score);
    if (adapt_) drift_.push(time_ns, raw, state.event.has_value() || scene.held);
    return state;
  }

  /// What the next score is lowered by.
  double drift() const { return drift_.offset(); }

  SceneChange scene_change() const { return scene_change_; }

  void end() {
    if (const auto event = tracker_.close("eos")) add(*event);
  }

 private:
  FrameState judge(std::int64_t time_ns, const SceneState& scene, const FrameScore& score) {
    if (scene.change != std::exchange(scene_change_, scene.change))
      if (const auto event = tracker_.close("scene-change")) add(*event);
    if (scene.held && !tracker_.is_open()) return {.smoothed = score.score};
    const EventStep step = tracker_.push(time_ns, score.score);
    if (step.ended) add(*step.ended);
    if (step.change == EventChange::kBegin || step.change == EventChange::kUpdate)
      where_ = place_of(score);
    return step.frame;
  }

  void add(const Event& event) {
    events_.push_back({input_, event, detector_.p_value(event.peak_score), where_});
  }

  const Detector& detector_;
  std::string input_;
  std::vector<FoundEvent>& events_;
  EventTracker tracker_;
  SceneGuard guard_;
  DriftTracker drift_;
  bool adapt_;
  SceneChange scene_change_ = SceneChange::kNone;
  std::string where_;  // of the open event's peak
};

ScoredFrame row_of(const std::string& input, std::size_t frame, const Scorer& scorer,
                   const FrameScore& score) {
  ScoredFrame row;
  row.prepared = &scorer.prepared();
  row.result = &score;
  row.input = input;
  row.frame = frame;
  row.score = score.score;
  row.p_value = score.p_value;
  row.novel = score.novel;
  return row;
}

void score_video(const Detector& detector, const std::string& video, const FrameRanges& frames,
                 const ScoredFrameSink& sink, const AreaMask& area, bool adapt,
                 ScoringResult& result) {
  Scorer scorer(detector, area);
  EventList events(detector, video, result.events, adapt);
  VideoReader reader(video);
  VideoFrame frame;
  for (std::size_t n = 0; !frames.ends_before(n) && reader.next(frame); ++n) {
    if (!frames.contains(n)) continue;
    FrameScore& score = scorer.score(frame.view);
    const double drift = events.drift();
    const FrameState state = events.push(frame.stream_ns, scorer.prepared(), score);
    ScoredFrame row = row_of(video, n, scorer, score);
    row.pts_ns = frame.pts_ns;
    if (adapt) row.drift = drift;
    row.novel = state.novel;
    row.held = state.held;
    row.scene_change = scene_change_name(events.scene_change());
    result.scene_changed += row.scene_change.empty() ? 0 : 1;
    if (state.event) row.event_id = state.event->id;
    ++result.frames;
    result.novel += row.novel ? 1 : 0;
    sink(row);
  }
  events.end();
  if (!reader.warning().empty()) result.warnings.push_back(reader.warning());
}

std::vector<ImageFile> list_all(const std::vector<std::string>& inputs) {
  std::vector<ImageFile> files;
  for (const std::string& input : inputs)
    for (ImageFile& file : list_images(input)) files.push_back(std::move(file));
  return files;
}

std::string ninth(float x, float y) {
  static constexpr std::array kRows{"upper", "middle", "lower"};
  static constexpr std::array kColumns{" left", "", " right"};
  const auto third = [](float v) {
    return static_cast<std::size_t>(std::clamp(v * 3, 0.0F, 2.0F));
  };
  return std::string(kRows.at(third(y))) + kColumns.at(third(x));
}

}  // namespace

ScoringResult score_videos(const Detector& detector, const std::vector<std::string>& videos,
                           const FrameRanges& frames, const ScoredFrameSink& sink,
                           const AreaMask& area, bool adapt) {
  ScoringResult result;
  for (const std::string& video : videos)
    score_video(detector, video, frames, sink, area, adapt, result);
  if (result.frames == 0)
    throw Error(ErrorKind::kSettings, "--frames " + frames.text(), "no such frames in the input",
                "frames count from 0");
  return result;
}

ScoringResult score_images(const Detector& detector, const std::vector<std::string>& inputs,
                           const FrameRanges& frames, const ScoredFrameSink& sink,
                           const AreaMask& area) {
  ScoringResult result;
  Scorer scorer(detector, area);
  const std::vector<ImageFile> files = list_all(inputs);
  for (std::size_t n = 0; n < files.size() && !frames.ends_before(n); ++n) {
    throw_if_interrupted();
    if (!frames.contains(n)) continue;
    const ImageFile& file = files.at(n);
    try {
      const Picture picture = decode_picture(read_image_file(file), file.name);
      const FrameScore& score = scorer.score(picture.view());
      ++result.frames;
      result.novel += score.novel ? 1 : 0;
      sink(row_of(file.name, n, scorer, score));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kFormat && error.kind() != ErrorKind::kRead) throw;
      result.warnings.push_back(std::string("left out: ") + error.what());
    }
  }
  if (result.frames == 0)
    throw Error(ErrorKind::kFormat, inputs.front(), "no image could be scored",
                result.warnings.empty() ? "check --frames" : result.warnings.front());
  return result;
}

std::string place_of(const FrameScore& score) {
  if (!score.regions.empty()) {
    const Region& region = score.regions.front();
    return ninth(region.x + region.width / 2, region.y + region.height / 2);
  }
  if (score.map.empty() || score.map_size <= 0) return "";
  const auto peak = std::max_element(score.map.begin(), score.map.end()) - score.map.begin();
  const auto row = peak / score.map_size;
  const auto middle = [&score](std::ptrdiff_t place) {
    return (static_cast<float>(place) + 0.5F) / static_cast<float>(score.map_size);
  };
  return ninth(middle(peak % score.map_size), middle(row));
}

}  // namespace novelty
