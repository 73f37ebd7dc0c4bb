// SPDX-License-Identifier: Apache-2.0
// Is it objects that are found, or change? Foreign objects pasted into a clip in which people, who
// are normal there, move about.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "compared_methods.h"
#include "image/preprocess.h"
#include "interrupt.h"
#include "measurements.h"
#include "novelty/detector.h"
#include "novelty/events.h"
#include "pasted_objects.h"
#include "picture.h"
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
  std::vector<std::optional<std::size_t>> raised;  ///< [methods] frames of it until an event began
  std::vector<double> highest;                     ///< [methods] score while it lay there
  bool pointed = false;  ///< at the model's highest score: the map's highest patch is in its box,
  bool hit = false;      ///< a region's box agrees with its box
  std::vector<std::uint8_t> picture;  ///< what the networks saw then, marked
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
  const auto row = peak / score.map_size;
  const double side = score.map_size;
  return box.holds((static_cast<double>(peak % score.map_size) + 0.5) / side,
                   (static_cast<double>(row) + 0.5) / side);
}

using Colour = std::array<std::uint8_t, 3>;

void outline(std::vector<std::uint8_t>& rgb, int side, const Box& box, const Colour& colour) {
  const auto pixel = [side](double at) {
    return std::clamp(static_cast<int>(at * side), 0, side - 1);
  };
  const int left = pixel(box.x), right = pixel(box.x + box.width);
  const int top = pixel(box.y), bottom = pixel(box.y + box.height);
  for (int y = top; y <= bottom; ++y)
    for (int x = left; x <= right; ++x)
      if (x == left || x == right || y == top || y == bottom)
        std::copy(colour.begin(), colour.end(), rgb.begin() + 3 * (std::ptrdiff_t{y} * side + x));
}

// The pasted box in green, regions in red, on what the networks saw.
std::vector<std::uint8_t> drawn(const PreparedFrame& prepared, const ModelInfo& info,
                                const FrameScore& score, const Box& box) {
  auto rgb = picture_of(prepared.patches, info.input_size, info.patch_size);
  for (const Region& region : score.regions)
    outline(rgb, info.input_size, {region.x, region.y, region.width, region.height}, {255, 0, 0});
  outline(rgb, info.input_size, box, {0, 255, 0});
  return rgb;
}

/// Shows one placement's frames to the detector as a stream of its own.
class Trial {
 public:
  Trial(const Detector& detector, const Methods& methods, const Placement& placement, int width,
        int height)
      : detector_(detector),
        methods_(methods),
        placement_(placement),
        box_{placement.box.x / double(width), placement.box.y / double(height),
             placement.box.width / double(width), placement.box.height / double(height)},
        watch_(methods) {
    outcome_.raised.resize(methods.count());
    outcome_.highest.resize(methods.count(), std::numeric_limits<double>::lowest());
  }

  /// A frame of its run-in.
  void run_in(std::int64_t time_ns, const std::vector<double>& scores) {
    watch_.push(time_ns, scores);
  }

  void show(std::size_t number, const VideoFrame& frame, Detector::Scratch& scratch) {
    I420Copy copy(frame.view);
    copy.paste(placement_);
    detector_.prepare(copy.view(), prepared_);
    detector_.score(prepared_, scratch, score_);
    const auto scores = methods_.scores(prepared_, score_);
    const auto begins = watch_.push(frame.stream_ns, scores);
    if (scores.front() > outcome_.highest.front()) take_peak();
    for (std::size_t i = 0; i < scores.size(); ++i) {
      outcome_.highest[i] = std::max(outcome_.highest[i], scores[i]);
      if (begins[i] && !outcome_.raised[i]) outcome_.raised[i] = number - placement_.first;
    }
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
    outcome_.pointed = is_pointed_at(score_, box_);
    outcome_.hit = is_hit(score_, box_);
    outcome_.picture = drawn(prepared_, detector_.info(), score_, box_);
  }

  const Detector& detector_;
  const Methods& methods_;
  const Placement& placement_;
  Box box_;
  Watch watch_;
  PreparedFrame prepared_;
  FrameScore score_;
  Outcome outcome_;
};

/// The clip without anything pasted.
struct Plain {
  std::vector<std::vector<double>> scores;  ///< [frames][methods]
  std::vector<std::size_t> events;          ///< [methods]
};

Plain run_clip(const std::string& video, const FrameRanges& normal, const Detector& detector,
               Methods& methods, std::vector<Trial>& trials) {
  const auto scratch = detector.make_scratch();
  PreparedFrame prepared;
  FrameScore score;
  VideoReader reader(video);
  VideoFrame frame;
  Watch watch(methods);
  Plain plain{{}, std::vector<std::size_t>(methods.count())};
  for (std::size_t n = 0; !normal.ends_before(n) && reader.next(frame); ++n) {
    if (!normal.contains(n)) continue;
    throw_if_interrupted();
    detector.prepare(frame.view, prepared);
    detector.score(prepared, *scratch, score);
    const auto scores = plain.scores.emplace_back(methods.scores(prepared, score));
    const auto begins = watch.push(frame.stream_ns, scores);
    for (std::size_t i = 0; i < begins.size(); ++i) plain.events[i] += begins[i] ? 1 : 0;
    for (Trial& trial : trials) {
      if (trial.is_run_in(n)) trial.run_in(frame.stream_ns, scores);
      if (trial.is_shown(n)) trial.show(n, frame, *scratch);
    }
    methods.learn(prepared, score);
  }
  return plain;
}

// The score that nine objects of ten reach.
double reached_by_most(const std::vector<Trial>& trials, std::size_t method) {
  std::vector<double> highest;
  highest.reserve(trials.size());
  for (const Trial& trial : trials) highest.push_back(trial.outcome().highest[method]);
  std::sort(highest.begin(), highest.end());
  return highest[highest.size() / 10];
}

void print_method(const Methods& methods, std::size_t method, const Plain& plain,
                  const std::vector<Trial>& trials) {
  const auto over = [&](double threshold) {
    const auto count = std::count_if(
        plain.scores.begin(), plain.scores.end(),
        [&](const std::vector<double>& scores) { return scores[method] >= threshold; });
    return 100.0 * static_cast<double>(count) / static_cast<double>(plain.scores.size());
  };
  const auto found = std::count_if(trials.begin(), trials.end(), [method](const Trial& trial) {
    return trial.outcome().raised[method].has_value();
  });
  std::printf("| %s | %zu | %.1f %% | %zu of %zu | %.1f %% |\n", methods.title(method).c_str(),
              plain.events[method], over(methods.events(method).threshold),
              static_cast<std::size_t>(found), trials.size(),
              over(reached_by_most(trials, method)));
}

nlohmann::ordered_json json_of(const Trial& trial) {
  const Outcome& outcome = trial.outcome();
  const Placement& placement = trial.placement();
  const PixelBox& box = placement.box;
  nlohmann::ordered_json json{{"object", placement.name},
                              {"first", placement.first},
                              {"box", {box.x, box.y, box.width, box.height}},
                              {"score", outcome.highest.front()},
                              {"pointed", outcome.pointed},
                              {"hit", outcome.hit},
                              {"frames_until_found", nullptr}};
  if (outcome.raised.front()) json["frames_until_found"] = *outcome.raised.front();
  return json;
}

void report(const Methods& methods, const Plain& plain, const std::vector<Trial>& trials, int side,
            const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream rows(folder + "/objects.jsonl");
  std::size_t hits = 0, pointed = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const Outcome& outcome = trials[i].outcome();
    hits += outcome.hit ? 1 : 0;
    pointed += outcome.pointed ? 1 : 0;
    rows << json_of(trials[i]).dump() << '\n';
    const auto jpeg = encode_jpeg(outcome.picture, side, side);
    write_file_atomically(folder + "/" + std::to_string(i) + ".jpg",
                          std::as_bytes(std::span(jpeg)));
  }
  std::puts(
      "| method | events without an object | frames over its threshold | objects found | "
      "frames over what nine objects of ten reach |\n| --- | --- | --- | --- | --- |");
  for (std::size_t i = 0; i < methods.count(); ++i) print_method(methods, i, plain, trials);
  std::printf(
      "at the model's highest frame of %zu objects: a region agrees: %zu, peak in box: %zu\n",
      trials.size(), hits, pointed);
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
  Methods methods(*detector, video, learnt);
  std::vector<Trial> trials;
  trials.reserve(placements.size());
  for (const Placement& placement : placements)
    trials.emplace_back(*detector, methods, placement, range.width, range.height);
  const Plain plain = run_clip(video, normal, *detector, methods, trials);
  report(methods, plain, trials, detector->info().input_size, arguments.at(5));
  return 0;
}

}  // namespace novelty::bench
