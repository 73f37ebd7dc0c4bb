// SPDX-License-Identifier: Apache-2.0
// The scoring speed of two models, interleaved.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "measurements.h"
#include "novelty/detector.h"

namespace novelty::bench {
namespace {

constexpr int kWidth = 640, kHeight = 360;
constexpr int kFrames = 20;  // a round
constexpr int kRounds = 15;

struct Contestant {
  std::shared_ptr<const Detector> detector;
  std::unique_ptr<Detector::Scratch> scratch;
  PreparedFrame prepared;
  FrameScore score;
  std::vector<double> seconds;  // a frame, of each round
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

void run_round(Contestant& contestant) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kFrames; ++i)
    contestant.detector->score(contestant.prepared, *contestant.scratch, contestant.score);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  contestant.seconds.push_back(took.count() / kFrames);
}

void open(Contestant& contestant, const std::string& model, int threads) {
  DetectorOptions options;
  options.threads = threads;
  contestant.detector = Detector::load(model, options);
  contestant.scratch = contestant.detector->make_scratch();
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(3) * kWidth * kHeight);
  for (std::size_t i = 0; i < rgb.size(); ++i)
    rgb[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13U);
  FrameView view;
  view.width = kWidth;
  view.height = kHeight;
  view.planes[0] = {rgb.data(), std::ptrdiff_t{3} * kWidth};
  contestant.detector->prepare(view, contestant.prepared);
  run_round(contestant);
  contestant.seconds.clear();
}

}  // namespace

int run_pair_speed(const Arguments& arguments) {
  std::array<Contestant, 2> pair;
  const int threads = std::stoi(arguments[2]);
  for (std::size_t i = 0; i < pair.size(); ++i) open(pair.at(i), arguments[i], threads);
  std::vector<double> ratios;
  for (int round = 0; round < kRounds; ++round) {
    for (Contestant& contestant : pair) run_round(contestant);
    ratios.push_back(pair[1].seconds.back() / pair[0].seconds.back());
  }
  for (std::size_t i = 0; i < pair.size(); ++i)
    std::printf("%s: median %.2f ms a frame\n", arguments[i].c_str(),
                1e3 * median(pair.at(i).seconds));
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "the first is %.2f times as fast (median of %d rounds of %d frames, %.2f to %.2f), %d "
      "threads\n",
      median(ratios), kRounds, kFrames, *least, *most, threads);
  return 0;
}

}  // namespace novelty::bench
