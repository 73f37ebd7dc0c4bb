// SPDX-License-Identifier: Apache-2.0
// The model bundle, `*.novelty`: reading with every check, writing atomically.
// See docs/model-format.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/safetensors.h"
#include "bundle/precision_facts.h"
#include "calibration/calibration.h"
#include "engine/backend.h"
#include "nn/init.h"
#include "novelty/events.h"
#include "novelty/model_info.h"
#include "scene/reference.h"
#include "scoring/patch_values.h"
#include "scoring/picture_density.h"

namespace novelty {

inline constexpr int kBundleVersion = 3;

/// What is written for models that earlier versions score in the same way.
inline constexpr int kPlainBundleVersion = 2;

/// A bundle in memory. The NetworkViews point into the vectors or the file it was read from; move
/// only.
struct Bundle {
  ModelInfo info;
  NetworkView teacher;
  NetworkView student;
  ScoreDefinition score;
  Density density;         ///< empty: no density term of patches
  PictureDensity picture;  ///< empty: no term of whole pictures
  Calibration calibration;
  EventOptions events;
  PrecisionDrift drift;                 ///< of the precisions that were measured
  SceneReference scene;                 ///< empty: the scene-change guard is off
  std::string provenance_json = "{}";   ///< training options, source identity, tool version
  std::shared_ptr<const void> storage;  ///< keeps what the views point to
};

/// Reads and checks all of it: format, version, integrity hash (every byte of the file counts),
/// shapes, finite values, ranges of every fact.
/// Throws: Error (kNotFound, kRead, kFormat, kVersion, kUnsupported) naming file and field.
Bundle read_bundle(const std::string& path);

/// The same from memory; `where` stands for the file in errors.
Bundle parse_bundle(std::vector<std::byte> bytes, const std::string& where);

/// Writes `bundle` and returns its id: the SHA-256 of the file with the digits of the id itself as
/// zeros. Equal bundles give equal bytes. Of bundle.info only preset, the teacher's name, hash and
/// kind, threshold_p_value and the frame counts are stored; sizes and threshold follow from the
/// rest. Tensors outside of the architecture (a head) are left out, half precision becomes float32.
/// Throws: Error(kWrite); what read_bundle would throw for such a file, before anything is written.
std::string write_bundle(const Bundle& bundle, const std::string& path);

}  // namespace novelty
