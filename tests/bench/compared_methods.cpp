// SPDX-License-Identifier: Apache-2.0
// The model beside all that `novelty evaluate` compares it with, each under the same rule.
#include "compared_methods.h"

#include "footage.h"
#include "image/preprocess.h"

namespace novelty::bench {

Methods::Methods(const Detector& detector, const std::string& video, const FrameRanges& learnt)
    : detector_(detector) {
  const auto footage = open_footage({video}, {learnt});
  contenders_ = make_contenders(detector.info().input_size, footage->count());
  calibrate_contenders(contenders_, detector, *footage, 0, [](std::size_t, std::size_t) {});
}

std::string Methods::title(std::size_t method) const {
  return method == 0 ? "novelty" : contenders_[method - 1].title;
}

EventOptions Methods::events(std::size_t method) const {
  EventOptions options = detector_.event_options();
  if (method == 0) return options;
  options.threshold = contenders_[method - 1].calibration.threshold;
  options.exit_threshold = contenders_[method - 1].calibration.exit_threshold;
  return options;
}

std::vector<double> Methods::scores(const PreparedFrame& prepared, const FrameScore& score) const {
  const auto rgb = rgb_of(prepared);
  std::vector<double> all{score.score};
  all.reserve(count());
  for (const Contender& contender : contenders_) all.push_back(contender.score({score, rgb}));
  return all;
}

void Methods::learn(const PreparedFrame& prepared, const FrameScore& score) {
  const auto rgb = rgb_of(prepared);
  for (Contender& contender : contenders_)
    if (contender.learns_on) contender.learn({score, rgb});
}

std::vector<std::uint8_t> Methods::rgb_of(const PreparedFrame& prepared) const {
  return picture_of(prepared.patches, detector_.info().input_size, detector_.info().patch_size);
}

Watch::Watch(const Methods& methods) {
  trackers_.reserve(methods.count());
  for (std::size_t i = 0; i < methods.count(); ++i) trackers_.emplace_back(methods.events(i));
}

std::vector<bool> Watch::push(std::int64_t time_ns, const std::vector<double>& scores) {
  std::vector<bool> begins;
  for (std::size_t i = 0; i < scores.size(); ++i)
    begins.push_back(trackers_[i].push(time_ns, scores[i]).change == EventChange::kBegin);
  return begins;
}

}  // namespace novelty::bench
