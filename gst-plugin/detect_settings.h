// SPDX-License-Identifier: Apache-2.0
// The properties of noveltydetect as plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "novelty/area_mask.h"
#include "novelty/detector.h"

namespace novelty {

enum class DetectMode { kAuto, kEveryFrame, kLatest };

/// Mirrors the element's properties, one to one but for `area`; -1 = the model's own value.
struct DetectSettings {
  std::string model;               ///< path of the bundle
  std::string device = "auto";     ///< "auto" or "cpu"
  std::string precision = "auto";  ///< as DetectorOptions has it
  DetectMode mode = DetectMode::kAuto;
  double target_per_hour = 0;            ///< false events an hour, [0, 3599]; 0 = the model's own
  double threshold = -1;                 ///< p-value, [0, 1]
  std::uint32_t inference_interval = 1;  ///< score every n-th frame, >= 1
  double unchanged_tolerance = 0;        ///< levels of 255, [0, 255]; 0 = equal frames alone
  std::string roi;                       ///< as AreaMask takes it
  std::string ignore;                    ///< likewise
  std::shared_ptr<const AreaMask> area;  ///< made of the two; null while the element is at NULL
  std::string camera;                    ///< name put into results
  bool enabled = true;
  bool adapt = false;  ///< follow slow drift of normal scores
  bool post_messages = true;
  bool scene_guard = true;  ///< tell scene changes, and hold events meanwhile
  std::int64_t smoothing_ns = -1;
  std::int64_t min_duration_ns = -1;
  std::int64_t hold_ns = -1;
};

inline DetectorOptions detector_options(const DetectSettings& settings) {
  return {.device = settings.device, .precision = settings.precision};
}

}  // namespace novelty
