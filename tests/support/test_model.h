// SPDX-License-Identifier: Apache-2.0
// Small valid model bundles for tests that need one, but nothing learnt.
#pragma once

#include <cstdint>
#include <string>

#include "scene/reference.h"

namespace novelty::testing {

struct TestModelOptions {
  std::uint64_t seed = 1;                 ///< of both networks' random weights
  double threshold = 0.5;                 ///< image score; events leave at 0.8 of it
  double top_share = 0.125;               ///< of the patches, in the image score: 2 of the 16
  const SceneReference* scene = nullptr;  ///< for the scene-change guard; null: without
};

/// Writes a bundle of two tiny networks (input 64, patch 16, width 64, one block; untrained) to
/// `path` and returns its id. With the stand-in backend black frames score about 0 and an area of
/// brightness b in [0, 1] 4 b^2 at its patches; with LibTorch every score is about 2.
std::string write_test_model(const std::string& path, const TestModelOptions& options = {});

}  // namespace novelty::testing
