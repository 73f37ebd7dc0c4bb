// SPDX-License-Identifier: Apache-2.0
// Is it objects that are found, or change? Foreign objects pasted into a clip in which people, who
// are normal there, move about.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>

#include "contender.h"
#include "footage.h"
#include "image/preprocess.h"
#include "interrupt.h"
#include "measurements.h"
#include "novelty/detector.h"
#include "novelty/events.h"
#include "pasted_objects.h"
#include "scoring_run.h"
#include "video_reader.h"

namespace novelty::bench {
namespace {

constexpr std::size_t kObjects = 30;
constexpr std::size_t kObjectFrames = 20;  // 2 s of the clip
constexpr std::size_t kRunIn = 10;         // frames before, for the temporal logic
constexpr std::uint64_t kSeed = 1;
constexpr double kLeastIou = 0.1;

/// What became of a placement.
struct Outcome {
  std::optional<std::size_t> raised;  ///< frames of it until an event began
  bool open_before = false;           ///< an event was open already when it came
  double score = 0;                   ///< its highest; what follows is of that frame
  bool pointed = false;               ///< the map's highest patch lies in its box
  bool hit = false;                   ///< a region's box agrees with its box
  cv::Mat picture;
};

struct Box {
  double x, y, width, height;

  bool holds(double at_x, double at_y) const {
    return at_x >= x && at_x < x + width && at_y >= y && at_y < y + height;
  }
};

double iou(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  const double both = std::max(0.0, width) * std::max(0.0, height);
  return both / (a.width * a.height + b.width * b.height - both);
}

bool is_hit(const FrameScore& score, const Box& box) {
  return std::any_of(score.regions.begin(), score.regions.end(), [&box](const Region& region) {
    const Box found{region.x, region.y, region.width, region.height};
    return iou(found, box) >= kLeastIou &&
           box.holds(found.x + found.width / 2, found.y + found.height / 2);
  });
}

bool is_pointed_at(const FrameScore& score, const Box& box) {
  const auto peak = std::max_element(score.map.begin(), score.map.end()) - score.map.begin();
  const double side = score.map_size;
  return box.holds((static_cast<double>(peak % score.map_size) + 0.5) / side,
                   (static_cast<double>(peak / score.map_size) + 0.5) / side);
}

// The pasted box in green, regions in red, on what the networks saw.
cv::Mat drawn(const PreparedFrame& prepared, const ModelInfo& info, const FrameScore& score,
              const Box& box) {
  auto rgb = picture_of(prepared.patches, info.input_size, info.patch_size);
  cv::Mat picture;
  cv::cvtColor(cv::Mat(info.input_size, info.input_size, CV_8UC3, rgb.data()), picture,
               cv::COLOR_RGB2BGR);
  const auto outline = [&](const Box& place, const cv::Scalar& colour) {
    const double side = info.input_size;
    cv::rectangle(
        picture,
        cv::Rect2d(place.x * side, place.y * side, place.width * side, place.height * side),
        colour);
  };
  for (const Region& region : score.regions)
    outline({region.x, region.y, region.width, region.height}, {0, 0, 255});
  outline(box, {0, 255, 0});
  return picture;
}

/// Shows one placement's frames to the detector as a stream of its own.
class Trial {
 public:
  Trial(const Detector& detector, const Placement& placement, int width, int height)
      : detector_(detector),
        placement_(placement),
        box_{placement.box.x / double(width), placement.box.y / double(height),
             placement.box.width / double(width), placement.box.height / double(height)},
        tracker_(detector.event_options()) {}

  /// A frame of its run-in, which scores `score`.
  void run_in(std::int64_t time_ns, double score) {
    outcome_.open_before = tracker_.push(time_ns, score).frame.event.has_value();
  }

  void show(std::size_t number, const VideoFrame& frame, Detector::Scratch& scratch) {
    I420Copy copy(frame.view);
    copy.paste(placement_);
    detector_.prepare(copy.view(), prepared_);
    detector_.score(prepared_, scratch, score_);
    const auto change = tracker_.push(frame.stream_ns, score_.score).change;
    if (change == EventChange::kBegin && !outcome_.raised)
      outcome_.raised = number - placement_.first;
    if (number == placement_.first || score_.score > outcome_.score) take_peak();
  }

  bool is_run_in(std::size_t frame) const {
    return frame + kRunIn >= placement_.first && frame < placement_.first;
  }
  bool is_shown(std::size_t frame) const {
    return frame >= placement_.first && frame < placement_.first + placement_.frames;
  }
  const Outcome& outcome() const { return outcome_; }
  const Placement& placement() const { return placement_; }

 private:
  void take_peak() {
    outcome_.score = score_.score;
    outcome_.pointed = is_pointed_at(score_, box_);
    outcome_.hit = is_hit(score_, box_);
    outcome_.picture = drawn(prepared_, detector_.info(), score_, box_);
  }

  const Detector& detector_;
  const Placement& placement_;
  Box box_;
  EventTracker tracker_;
  PreparedFrame prepared_;
  FrameScore score_;
  Outcome outcome_;
};

/// The clip without anything pasted: OpenCV's MOG2 under the model's own rule, beside the model.
class Plain {
 public:
  Plain(const Detector& detector, const std::string& video, const FrameRanges& learnt)
      : detector_(detector), events_(detector.event_options()) {
    const auto footage = open_footage({video}, {learnt});
    contenders_ = make_contenders(detector.info().input_size, footage->count());
    calibrate_contenders(contenders_, detector, *footage, 0, [](std::size_t, std::size_t) {});
    for (const Contender& contender : contenders_) {
      EventOptions options = detector.event_options();
      options.threshold = contender.calibration.threshold;
      options.exit_threshold = contender.calibration.exit_threshold;
      trackers_.emplace_back(options);
    }
    counts_.resize(contenders_.size());
  }

  void see(std::int64_t time_ns, const PreparedFrame& prepared, const FrameScore& score) {
    const ModelInfo& info = detector_.info();
    const auto rgb = picture_of(prepared.patches, info.input_size, info.patch_size);
    ++frames_;
    count(events_, time_ns, score.score, detector_.event_options().threshold, model_);
    for (std::size_t i = 0; i < contenders_.size(); ++i) {
      Contender& contender = contenders_[i];
      count(trackers_[i], time_ns, contender.score({score, rgb}), contender.calibration.threshold,
            counts_[i]);
      if (contender.learns_on) contender.learn({score, rgb});
    }
  }

  void print() const {
    std::printf("frames without a foreign object: %zu\n", frames_);
    print("novelty", model_);
    for (std::size_t i = 0; i < contenders_.size(); ++i) print(contenders_[i].title, counts_[i]);
  }

 private:
  struct Count {
    std::size_t over = 0, events = 0;
  };

  static void count(EventTracker& tracker, std::int64_t time_ns, double score, double threshold,
                    Count& count) {
    if (score >= threshold) ++count.over;
    if (tracker.push(time_ns, score).change == EventChange::kBegin) ++count.events;
  }
  void print(const std::string& title, const Count& count) const {
    std::printf("  %-32s %5.1f %% over its threshold, %zu events\n", title.c_str(),
                100.0 * static_cast<double>(count.over) / static_cast<double>(frames_),
                count.events);
  }

  const Detector& detector_;
  EventTracker events_;
  std::vector<Contender> contenders_;
  std::vector<EventTracker> trackers_;
  std::vector<Count> counts_;
  Count model_;
  std::size_t frames_ = 0;
};

void run_clip(const std::string& video, const FrameRanges& normal, const Detector& detector,
              Plain& plain, std::vector<Trial>& trials) {
  const auto scratch = detector.make_scratch();
  PreparedFrame prepared;
  FrameScore score;
  VideoReader reader(video);
  VideoFrame frame;
  for (std::size_t n = 0; !normal.ends_before(n) && reader.next(frame); ++n) {
    if (!normal.contains(n)) continue;
    throw_if_interrupted();
    detector.prepare(frame.view, prepared);
    detector.score(prepared, *scratch, score);
    plain.see(frame.stream_ns, prepared, score);
    for (Trial& trial : trials) {
      if (trial.is_run_in(n)) trial.run_in(frame.stream_ns, score.score);
      if (trial.is_shown(n)) trial.show(n, frame, *scratch);
    }
  }
}

nlohmann::ordered_json json_of(const Trial& trial) {
  const Outcome& outcome = trial.outcome();
  const Placement& placement = trial.placement();
  const PixelBox& box = placement.box;
  nlohmann::ordered_json json{{"object", placement.name},
                              {"first", placement.first},
                              {"box", {box.x, box.y, box.width, box.height}},
                              {"found", outcome.raised.has_value()},
                              {"open_before", outcome.open_before},
                              {"score", outcome.score},
                              {"pointed", outcome.pointed},
                              {"hit", outcome.hit}};
  if (outcome.raised) json["frames_until"] = *outcome.raised;
  return json;
}

void report(const std::vector<Trial>& trials, const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream rows(folder + "/objects.jsonl");
  std::size_t found = 0, hits = 0, pointed = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const Outcome& outcome = trials[i].outcome();
    found += outcome.raised ? 1 : 0;
    hits += outcome.hit ? 1 : 0;
    pointed += outcome.pointed ? 1 : 0;
    rows << json_of(trials[i]).dump() << '\n';
    cv::imwrite(folder + "/" + std::to_string(i) + ".png", outcome.picture);
  }
  std::printf("pasted objects: %zu\n  found (an event begins while it lies there): %zu\n",
              trials.size(), found);
  std::printf("  at its highest frame: a region agrees with its box: %zu, peak in its box: %zu\n",
              hits, pointed);
}

PlacementRange range_in(const std::string& video, const FrameRanges& normal) {
  VideoReader reader(video);
  VideoFrame frame;
  PlacementRange range;
  while (reader.next(frame) && range.width == 0) {
    range.width = frame.view.width;
    range.height = frame.view.height;
  }
  range.first = normal.nth(0);
  for (range.last = range.first; normal.contains(range.last + 1);) ++range.last;
  range.run_in = kRunIn;
  range.frames = kObjectFrames;
  return range;
}

}  // namespace

int run_objects(const Arguments& arguments) {
  const std::string& video = arguments.at(1);
  const auto learnt = FrameRanges::parse(arguments.at(2));
  const auto normal = FrameRanges::parse(arguments.at(3));
  const auto detector = Detector::load(arguments.at(0), {"auto", 1});
  const PlacementRange range = range_in(video, normal);
  const auto placements = draw_placements(arguments.at(4), kObjects, range, kSeed);
  std::vector<Trial> trials;
  for (const Placement& placement : placements)
    trials.emplace_back(*detector, placement, range.width, range.height);
  Plain plain(*detector, video, learnt);
  run_clip(video, normal, *detector, plain, trials);
  plain.print();
  report(trials, arguments.at(5));
  return 0;
}

}  // namespace novelty::bench
