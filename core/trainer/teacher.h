// SPDX-License-Identifier: Apache-2.0
// The teacher of a training run: read from a file, or seeded at random when there is none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"

namespace novelty {

/// A teacher's weights in memory; `network` points into `storage`.
struct TeacherWeights {
  std::string name;    ///< file name, or "untrained"
  std::string sha256;  ///< of the file; empty when untrained
  bool untrained = false;
  std::string fine_tuning = "none";  ///< what `network` has been through since
  NetworkView network;
  std::vector<std::string> warnings;  ///< plain sentences for the report
  std::shared_ptr<const void> storage;
};

/// Reads timm ViT weights (float32, half or bfloat16; a head is dropped, DINOv2's layer scale
/// becomes part of the layers) from `path`, for pictures of `input_size` pixels (0: those it was
/// trained at); an empty path gives ViT-Ti/16 of fixed random weights at 224.
/// Throws: Error (kNotFound, kRead, kFormat: no ViT, a missing tensor or a value that is not
/// finite; kUnsupported; kSettings: an input size that does not go).
TeacherWeights load_teacher(const std::string& path, int input_size);

/// True for weights that 'novelty distill' made. Throws: Error (kNotFound, kRead, kFormat).
bool is_distilled(const std::string& path);

/// Takes those of `tensors` that `teacher` has, each name behind `prefix`.
void replace_tensors(TeacherWeights& teacher, const TensorMap& tensors, const std::string& prefix);

}  // namespace novelty
