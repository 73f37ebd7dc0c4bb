// SPDX-License-Identifier: Apache-2.0
// The smallest bundle that is valid, and files made of it.
#include "small_bundle.h"

#include "base/file.h"
#include "bundle/integrity.h"
#include "temp_dir.h"
#include "test_network.h"

namespace novelty::testing {
namespace {

VitConfig small_config() {
  VitConfig config;
  config.input_size = 32;
  config.width = 8;
  config.depth = 1;
  config.heads = 1;
  config.mlp_width = 16;
  return config;
}

Calibration small_calibration() {
  Calibration calibration;
  calibration.scores = {0.1F, 0.2F, 0.2F};
  calibration.views = {-0.1F, 0.3F};
  calibration.peaks = {0.2F, 0.25F};
  calibration.peak_start = 0.15;
  calibration.hours = 0.5;
  calibration.independent = 2.5;
  calibration.map_zero = 0.25;
  calibration.map_one = 1.5;
  calibration.target_per_hour = 2;
  calibration.threshold = 0.7;
  calibration.exit_threshold = 0.6;
  return calibration;
}

}  // namespace

SmallBundle::SmallBundle()
    : config(small_config()),
      teacher(init_untrained_teacher(config, 1)),
      student(init_student(config, 2)) {
  bundle.info.preset = "camera";
  bundle.info.teacher_name = "untrained";
  bundle.info.untrained_teacher = true;
  bundle.info.threshold_p_value = 1e-3;
  bundle.info.training_frames = 40;
  bundle.info.calibration_frames = 10;
  bundle.teacher = network_of(config, teacher);
  bundle.student = network_of(config, student);
  bundle.score.top_share = 0.25;
  bundle.calibration = small_calibration();
  bundle.events = {0.7, 0.6, 1, 2, 3};
  bundle.provenance_json = R"({"tool":"test"})";
}

std::vector<std::byte> bytes_of(const SmallBundle& small) {
  const TempDir folder;
  write_bundle(small.bundle, folder / "m.novelty");
  return read_file(folder / "m.novelty");
}

std::vector<std::byte> with_facts(const std::vector<std::byte>& bundle, const std::string& facts) {
  const SafetensorsFile file = SafetensorsFile::parse(bundle, {});
  auto metadata = file.metadata();
  metadata["novelty.facts"] = facts;
  return sealed(file.tensors(), metadata);
}

std::vector<std::byte> sealed(const TensorMap& tensors,
                              const std::map<std::string, std::string>& metadata) {
  auto with_hash = metadata;
  with_hash[kHashKey] = blank_hash();
  auto bytes = serialize_safetensors(tensors, with_hash);
  seal(bytes);
  return bytes;
}

}  // namespace novelty::testing
