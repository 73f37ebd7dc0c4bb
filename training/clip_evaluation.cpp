// SPDX-License-Identifier: Apache-2.0
// Trains on one labelled clip and scores it.
#include "clip_evaluation.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "contender.h"
#include "footage.h"
#include "image/preprocess.h"
#include "interrupt.h"
#include "kept_model.h"
#include "novelty/detector.h"
#include "novelty/error.h"
#include "report.h"
#include "video_reader.h"

namespace novelty {
namespace {

using nlohmann::json;
using DetectorPtr = std::shared_ptr<const Detector>;

constexpr double kDefaultFps = 25;         // where a clip has no time stamps
constexpr std::size_t kMostPictures = 60;  // of events a clip

std::string clip_path(const EvaluationOptions& options, const std::string& name) {
  return (std::filesystem::path(options.data) / name).string();
}

FrameRanges frames_of(const LabelRanges& ranges) {
  std::string text;
  for (const LabelRange& range : ranges) {
    if (!text.empty()) text.append(",");
    text.append(std::to_string(range.first)).append("-").append(std::to_string(range.last));
  }
  return FrameRanges::parse(text);
}

json provenance_of(const Detector& detector) {
  return json::parse(detector.info().facts_json).at("provenance");
}

/// One clip on its way from footage to tracks.
class Evaluation {
 public:
  Evaluation(const EvaluationOptions& options, std::string name, const ClipLabels& labels,
             Progress& progress, std::string prefix, const ScoredFrameSink& watch)
      : options_(options),
        labels_(labels),
        progress_(progress),
        prefix_(std::move(prefix)),
        watch_(watch),
        model_(model_path(options, name)),
        footage_(open_footage({clip_path(options, name)}, {frames_of(labels.train), 2000})) {
    run_.name = std::move(name);
    run_.labels = labels;
  }

  ClipRun run() {
    const DetectorPtr detector = trained_detector();
    note_model(*detector);
    std::vector<Contender> contenders =
        make_contenders(detector->info().input_size, footage_->count());
    calibrate_contenders(contenders, *detector, *footage_, options_.seed,
                         [this](std::size_t done, std::size_t total) {
                           progress_.show(prefix_ + "calibrating the baselines", done, total);
                         });
    score(*detector, contenders);
    track_events(*detector, contenders);
    for (const std::string& warning : footage_->warnings()) run_.warnings.push_back(warning);
    return std::move(run_);
  }

 private:
  DetectorPtr trained_detector() {
    TrainingOptions training;
    training.output = model_;
    training.teacher_path = options_.teacher_path;
    training.seed = options_.seed;
    const auto show = [this](const TrainingProgress& state) {
      static constexpr const char* kStages[] = {"fine-tuning", "features", "distilling",
                                                "calibrating", "writing"};
      progress_.show(prefix_ + kStages[static_cast<int>(state.stage)], state.done, state.total);
      return !interrupted();
    };
    if (const auto report = train_unless_kept(*footage_, training, options_.teacher_sha256, show))
      write_report(*report, *footage_, std::filesystem::path(model_).replace_extension(".html"));
    return Detector::load(model_);
  }

  void note_model(const Detector& detector) {
    run_.model_id = detector.info().id;
    run_.teacher_name = detector.info().teacher_name;
    run_.untrained_teacher = detector.info().untrained_teacher;
    const json warnings = provenance_of(detector).value("warnings", json::array());
    for (const json& warning : warnings) run_.warnings.push_back(warning.get<std::string>());
    Track& own = run_.tracks.emplace_back();
    own.name = "novelty";
    own.title = "novelty";
    own.threshold = detector.event_options().threshold;
  }

  /// The whole clip, causally, with the code of `novelty score`.
  void score(const Detector& detector, std::vector<Contender>& contenders) {
    for (const Contender& contender : contenders)
      run_.tracks.push_back(
          {contender.name, contender.title, contender.calibration.threshold, {}, {}, {}});
    const auto sink = [&](const ScoredFrame& row) {
      take(row);
      const auto rgb =
          picture_of(row.prepared->patches, detector.info().input_size, detector.info().patch_size);
      for (std::size_t i = 0; i < contenders.size(); ++i)
        take(contenders[i], {*row.result, rgb}, run_.tracks[i + 1]);
      keep_pictures(row, rgb, detector.info().input_size);
      if (watch_) watch_(row);
      progress_.show(prefix_ + "scoring", row.frame + 1, labels_.frames);
    };
    const ScoringResult result = score_videos(detector, {clip_path(options_, run_.name)}, {}, sink);
    run_.warnings.insert(run_.warnings.end(), result.warnings.begin(), result.warnings.end());
    if (result.frames != labels_.frames)
      throw Error(ErrorKind::kRead, run_.name, "has another number of frames than before",
                  "do not change the file while it is read");
  }

  void take(const ScoredFrame& row) {
    Track& own = run_.tracks.front();
    own.scores.push_back(row.score);
    own.p_values.push_back(row.p_value);
    own.events.push_back({row.event_id, row.held});
    run_.pts_ns.push_back(row.pts_ns);
  }

  static void take(Contender& contender, const Sight& sight, Track& track) {
    track.scores.push_back(contender.score(sight));
    track.p_values.push_back(contender.scale->p_value(track.scores.back()));
    if (contender.learns_on) contender.learn(sight);
  }

  /// The contenders' events, by the model's own temporal logic with their own thresholds.
  void track_events(const Detector& detector, const std::vector<Contender>& contenders) {
    set_times();
    run_.event_options = detector.event_options();
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      EventOptions options = run_.event_options;
      options.threshold = contenders[i].calibration.threshold;
      options.exit_threshold = contenders[i].calibration.exit_threshold;
      Track& track = run_.tracks[i + 1];
      track.events = events_of(track.scores, run_.times_ns, options);
    }
  }

  /// As the reader gives them to `novelty score`; sets the frame rate.
  void set_times() {
    std::vector<std::int64_t>& times = run_.times_ns;
    times = run_.pts_ns;
    const bool stamped = std::is_sorted(times.begin(), times.end()) && times.front() >= 0 &&
                         times.back() > times.front();
    for (std::size_t n = 0; n < times.size() && !stamped; ++n)
      times[n] = static_cast<std::int64_t>(static_cast<double>(n) * 1e9 / kDefaultFps);
    run_.fps = kDefaultFps;
    if (stamped)
      run_.fps = static_cast<double>(times.size() - 1) * 1e9 /
                 static_cast<double>(times.back() - times.front());
  }

  /// Where `row` is the most novel so far of its event, and of its novel range.
  void keep_pictures(const ScoredFrame& row, const std::vector<std::uint8_t>& rgb, int size) {
    if (!row.event_id.empty()) keep_picture(row, rgb, size, row.event_id, 0);
    for (std::size_t i = 0; i < labels_.novel.size(); ++i)
      if (labels_.novel[i].contains(row.frame)) keep_picture(row, rgb, size, "", i);
  }

  void keep_picture(const ScoredFrame& row, const std::vector<std::uint8_t>& rgb, int size,
                    const std::string& event, std::size_t range) {
    auto& all = run_.pictures;
    const auto old = std::find_if(all.rbegin(), all.rend(), [&](const ClipPicture& picture) {
      return picture.event_id == event && picture.range == range;
    });
    if (old != all.rend() && row.score <= old->frame.score) return;
    if (old == all.rend() && all.size() >= kMostPictures + labels_.novel.size()) return;
    ClipPicture& picture = old == all.rend() ? all.emplace_back() : *old;
    picture = {
        event, range, {row.frame, row.score, size, rgb, row.result->map_size, row.result->map}};
  }

  const EvaluationOptions& options_;
  const ClipLabels& labels_;
  Progress& progress_;
  std::string prefix_;
  const ScoredFrameSink& watch_;
  std::string model_;
  std::unique_ptr<Footage> footage_;
  ClipRun run_;
};

}  // namespace

std::vector<FrameEvent> events_of(const std::vector<double>& scores,
                                  const std::vector<std::int64_t>& times_ns,
                                  const EventOptions& options) {
  EventTracker tracker(options);
  std::vector<FrameEvent> events;
  for (std::size_t n = 0; n < scores.size(); ++n) {
    const FrameState state = tracker.push(times_ns[n], scores[n]).frame;
    events.push_back({state.event ? state.event->id : "", state.held});
  }
  return events;
}

std::string model_path(const EvaluationOptions& options, const std::string& clip) {
  return (std::filesystem::path(options.out) / "models" / (clip + ".novelty")).string();
}

void check_clip(const EvaluationOptions& options, const std::string& name,
                const ClipLabels& labels) {
  const std::string path = clip_path(options, name);
  VideoReader reader(path);
  VideoFrame frame;
  std::size_t frames = 0;
  while (reader.next(frame)) ++frames;
  if (frames != labels.frames)
    throw Error(ErrorKind::kFormat, path,
                "has " + std::to_string(frames) + " frames, its labels say " +
                    std::to_string(labels.frames),
                "give the labels of this very file");
}

ClipRun evaluate_clip(const EvaluationOptions& options, const std::string& name,
                      const ClipLabels& labels, Progress& progress, const std::string& prefix,
                      const ScoredFrameSink& watch) {
  return Evaluation(options, name, labels, progress, prefix, watch).run();
}

}  // namespace novelty
