// SPDX-License-Identifier: Apache-2.0
// The model bundle, `*.novelty`: reading with every check, writing atomically.
// See docs/model-format.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/safetensors.h"
#include "calibration/calibration.h"
#include "engine/backend.h"
#include "nn/init.h"
#include "novelty/events.h"
#include "novelty/model_info.h"
#include "scoring/anomaly_map.h"

namespace novelty {

inline constexpr int kBundleVersion = 1;

/// A bundle in memory. The NetworkViews point into the vectors or the file it was read from; move
/// only.
struct Bundle {
  ModelInfo info;
  NetworkView teacher;
  NetworkView student;
  ScoreDefinition score;
  Calibration calibration;
  EventOptions events;
  std::string provenance_json = "{}";  ///< training options, source identity, tool version
  std::shared_ptr<const void> storage;  ///< keeps what the views point to
};

/// Reads and checks all of it: format, version, integrity hash (every byte of the file counts),
/// shapes, finite values, ranges of every fact.
/// Throws: Error (kNotFound, kRead, kFormat, kVersion, kUnsupported) naming file and field.
Bundle read_bundle(const std::string& path);

/// Writes `bundle` (info.id and info.path are ignored) and returns its id: the SHA-256 of the file
/// with the digits of the id itself as zeros. Throws: Error(kWrite).
std::string write_bundle(const Bundle& bundle, const std::string& path);

}  // namespace novelty
