// SPDX-License-Identifier: Apache-2.0
// The facts of a model bundle that users of a detector need.
#pragma once

#include <cstdint>
#include <string>

namespace novelty {

/// Facts of a `*.novelty` bundle; see docs/model-format.md for the fields of the file.
struct ModelInfo {
  std::string id;              ///< SHA-256 of the bundle's content, 64 hex digits
  std::string path;            ///< where it was loaded from
  std::string device;          ///< of a Detector: "cpu" or "cuda"; else empty
  std::string precision;       ///< of a Detector: what it calculates in; else empty
  std::string preset;          ///< "camera", "semantic", ...
  std::string teacher_name;    ///< file name of the teacher's weights, or "untrained"
  std::string teacher_sha256;  ///< of the teacher's weights file; empty when untrained
  std::string teacher_fine_tuning = "none";  ///< what it went through on the training pictures
  bool untrained_teacher = false;            ///< seeded random teacher: demonstration only
  int input_size = 0;                        ///< side of the square input, pixels
  int patch_size = 0;                        ///< side of a patch, pixels
  int grid_size = 0;      ///< patches a side; the anomaly map is grid_size x grid_size
  int teacher_width = 0;  ///< embedding dimension of the teacher
  int teacher_depth = 0;  ///< blocks of the teacher
  int student_width = 0;
  int student_depth = 0;
  double threshold = 0;                        ///< image score at and over which a frame is novel
  double threshold_p_value = 0;                ///< the p-value of `threshold`
  double target_per_hour = 0;                  ///< false events an hour that `threshold` is set for
  double expected_per_hour = 0;                ///< false events an hour to expect at `threshold`
  double expected_low = 0, expected_high = 0;  ///< the 95 % interval of expected_per_hour
  double calibration_hours = 0;                ///< length of the held-out footage
  std::int64_t training_frames = 0;
  std::int64_t calibration_frames = 0;
  /// It knows the scene well enough to tell that the camera changed.
  bool scene_guard = false;
  std::string facts_json;  ///< all facts and provenance of the bundle as JSON text
};

}  // namespace novelty
