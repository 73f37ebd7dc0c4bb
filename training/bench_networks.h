// SPDX-License-Identifier: Apache-2.0
// Networks to time: those of a model, or random ones of a known size; and the engine over them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"

namespace novelty {

/// Teacher and student. The views point into `storage`.
struct BenchNetworks {
  std::string name;  ///< the model's path, or "ti", "s", "b"
  NetworkView teacher;
  NetworkView student;
  std::shared_ptr<const void> storage;
};

/// ViT-Ti, -S or -B /16 at 224 with seeded random weights, the student as deep as the teacher.
/// Throws: Error(kSettings) listing the sizes.
BenchNetworks random_networks(const std::string& size);

/// Those of the bundle at `path`. Throws: what read_bundle throws.
BenchNetworks model_networks(const std::string& path);

/// [patch_count, patch_values] in [0, 1]: a smooth picture with some noise, seeded.
std::vector<float> bench_patches(const VitConfig& config);

/// device: see backend_for. Throws: Error(kSettings) on unknown names; Error(kUnsupported) where
/// there is no such engine.
std::shared_ptr<const Engine> make_bench_engine(const BenchNetworks& networks,
                                                const std::string& device,
                                                const EngineOptions& options);

}  // namespace novelty
