// SPDX-License-Identifier: Apache-2.0
// Scores hours of normal footage: the drawn scene as it is and disturbed, or a clip's normal frames
// with fresh noise and gain.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "drawn_normal.h"
#include "frame_ranges.h"
#include "interrupt.h"
#include "measurements.h"
#include "novelty/detector.h"
#include "score_log.h"
#include "trainer/variation.h"
#include "video_reader.h"

namespace novelty::bench {
namespace {

constexpr std::size_t kTrainingFrames = 600;  // 40 s
constexpr int kCalibrationFrom = 100 * DrawnNormal::kFramesPerSecond;
constexpr int kCalibrationS = 1800;
constexpr int kTestFrom = 3600 * DrawnNormal::kFramesPerSecond;
constexpr int kStreamS = 720;  // hours are scored in fifths, all hours' first fifths first, so that
                               // a run broken off has some of everything
constexpr int kStreamsPerHour = 3600 / kStreamS;

/// Scores frames one by one with one thread.
class Scorer {
 public:
  explicit Scorer(const std::string& model)
      : detector_(Detector::load(model, {"auto", 1})), scratch_(detector_->make_scratch()) {}

  const std::vector<float>& prepare(const FrameView& frame) {
    detector_->prepare(frame, prepared_);
    return prepared_.patches;
  }
  std::vector<float>& patches() { return prepared_.patches; }
  float score() {
    detector_->score(prepared_, *scratch_, result_);
    return static_cast<float>(result_.score);
  }
  const ModelInfo& info() const { return detector_->info(); }

 private:
  std::shared_ptr<const Detector> detector_;
  std::unique_ptr<Detector::Scratch> scratch_;
  PreparedFrame prepared_;
  FrameScore result_;
};

/// What is to be scored, in this order.
struct Plan {
  std::string part;
  int number;
  Nuisance nuisance;
  int first, frames;  // of the scene
};

// Every second hour is as drawn, the others take turns.
const NuisanceText& nuisance_of(int hour) {
  const auto& all = nuisances();
  return hour % 2 == 0 ? all.front()
                       : all[1 + static_cast<std::size_t>(hour / 2) % (all.size() - 1)];
}

std::vector<Plan> plan_of(int hours) {
  constexpr int kRate = DrawnNormal::kFramesPerSecond;
  std::vector<Plan> plan = {
      {kCalibrationPart, 0, Nuisance::kAsDrawn, kCalibrationFrom, kCalibrationS * kRate}};
  for (int fifth = 0; fifth < kStreamsPerHour; ++fifth)
    for (int hour = 0; hour < hours; ++hour) {
      const NuisanceText& text = nuisance_of(hour);
      const int number = hour * kStreamsPerHour + fifth;
      plan.push_back({text.name, number, text.nuisance, kTestFrom + number * kStreamS * kRate,
                      kStreamS * kRate});
    }
  return plan;
}

void train_on_drawn(const DrawnNormal& scene, const std::string& teacher,
                    const std::string& model) {
  DrawnFootage footage(scene, kTrainingFrames);
  TrainingOptions options;
  options.output = model;
  options.teacher_path = teacher;
  options.threads = 1;
  train(footage, options, [](const TrainingProgress&) { return !interrupted(); });
}

ScoredStream score_stream(const DrawnNormal& scene, const Plan& plan, int step, Scorer& scorer) {
  ScoredStream stream{plan.part, plan.number, step / double(DrawnNormal::kFramesPerSecond), {}};
  for (int frame = plan.first; frame < plan.first + plan.frames; frame += step) {
    throw_if_interrupted();
    const Picture picture = scene.frame(frame, plan.nuisance);
    scorer.prepare(picture.view());
    stream.scores.push_back(scorer.score());
  }
  return stream;
}

std::set<std::pair<std::string, int>> done_in(const std::string& path) {
  std::set<std::pair<std::string, int>> done;
  for (const ScoredStream& stream : read_scores(path)) done.emplace(stream.part, stream.number);
  return done;
}

/// The networks' input of the frames in `ranges`.
std::vector<std::vector<float>> pictures_of(const std::string& video, const FrameRanges& ranges,
                                            Scorer& scorer, double& interval_s) {
  std::vector<std::vector<float>> pictures;
  VideoReader reader(video);
  VideoFrame frame;
  std::size_t n = 0;
  for (; !ranges.ends_before(n) && reader.next(frame); ++n) {
    if (ranges.contains(n)) pictures.push_back(scorer.prepare(frame.view));
    if (n > 0) interval_s = static_cast<double>(frame.stream_ns) / 1e9 / static_cast<double>(n);
  }
  return pictures;
}

// One gain and one strength of noise for a pass over the pictures, as `draw_variation` bounds them.
Variation pass_variation(int pass) {
  Rng rng(1, static_cast<std::uint64_t>(pass));
  const Variation drawn = draw_variation(rng);
  Variation kept;
  kept.gain.fill(drawn.gain[0]);
  kept.noise = drawn.noise;
  return kept;
}

}  // namespace

int run_scene_scores(const std::vector<std::string>& arguments) {
  const std::string& teacher = arguments.at(0);
  const std::string& folder = arguments.at(1);
  const int hours = std::stoi(arguments.at(2));
  const int step = std::stoi(arguments.at(3));
  std::filesystem::create_directories(folder);
  const std::string model = folder + "/scene.novelty", log = folder + "/scene.jsonl";
  const DrawnNormal scene;
  if (!std::filesystem::exists(model)) train_on_drawn(scene, teacher, model);
  Scorer scorer(model);
  const auto done = done_in(log);
  for (const Plan& plan : plan_of(hours)) {
    if (done.count({plan.part, plan.number}) > 0) continue;
    append_scores(log, score_stream(scene, plan, step, scorer));
    std::printf("%s %d\n", plan.part.c_str(), plan.number);
    std::fflush(stdout);
  }
  return 0;
}

int run_clip_scores(const std::vector<std::string>& arguments) {
  Scorer scorer(arguments.at(0));
  const std::string& log = arguments.at(3);
  double interval_s = 0;
  const auto pictures =
      pictures_of(arguments.at(1), FrameRanges::parse(arguments.at(2)), scorer, interval_s);
  const auto done = done_in(log);
  for (int pass = 0; pass < std::stoi(arguments.at(4)); ++pass) {
    if (done.count({kClipPart, pass}) > 0) continue;
    const Variation variation = pass_variation(pass);
    Rng rng(2, static_cast<std::uint64_t>(pass));
    ScoredStream stream{kClipPart, pass, interval_s, {}};
    for (const auto& picture : pictures) {
      throw_if_interrupted();
      std::vector<float>& patches = scorer.patches();
      patches = picture;
      vary(variation, scorer.info().input_size, scorer.info().patch_size, rng, patches);
      stream.scores.push_back(scorer.score());
    }
    append_scores(log, stream);
  }
  return 0;
}

}  // namespace novelty::bench
