// SPDX-License-Identifier: Apache-2.0
// Small valid model bundles for tests that need one, but nothing learnt.
#include "test_model.h"

#include <utility>

#include "bundle/bundle.h"
#include "nn/init.h"
#include "test_network.h"

namespace novelty::testing {
namespace {

ModelInfo info_of(const VitConfig& config, const TestModelOptions& options) {
  ModelInfo info;
  info.preset = "camera";
  info.teacher_name = "untrained";
  info.untrained_teacher = true;
  info.input_size = config.input_size;
  info.patch_size = config.patch_size;
  info.grid_size = config.grid_size();
  info.teacher_width = info.student_width = config.width;
  info.teacher_depth = info.student_depth = config.depth;
  info.threshold = options.threshold;
  info.threshold_p_value = 0.01;
  info.training_frames = 32;
  info.calibration_frames = 8;
  return info;
}

// Eight low scores as the held-out footage of an hour, the highest two as its events.
Calibration calibration_of(double threshold) {
  Calibration calibration;
  for (int i = 1; i <= 8; ++i) {
    calibration.scores.push_back(static_cast<float>(threshold * i / 16));
  }
  calibration.views = calibration.scores;
  calibration.peaks = {calibration.scores.end() - 2, calibration.scores.end()};
  calibration.peak_start = calibration.scores[5];
  calibration.hours = 1;
  calibration.independent = 8;
  calibration.map_one = threshold;
  calibration.threshold = threshold;
  calibration.exit_threshold = 0.8 * threshold;
  return calibration;
}

}  // namespace

std::string write_test_model(const std::string& path, const TestModelOptions& options) {
  const VitConfig config = tiny_config();
  const VitWeights teacher = init_untrained_teacher(config, options.seed);
  const VitWeights student = init_student(config, options.seed);
  Bundle bundle;
  bundle.info = info_of(config, options);
  bundle.teacher = network_of(config, teacher);
  bundle.student = network_of(config, student);
  bundle.score.top_share = options.top_share;
  bundle.calibration = calibration_of(options.threshold);
  if (options.scene != nullptr) bundle.scene = *options.scene;
  bundle.events.threshold = bundle.calibration.threshold;
  bundle.events.exit_threshold = bundle.calibration.exit_threshold;
  return write_bundle(bundle, path);
}

}  // namespace novelty::testing
