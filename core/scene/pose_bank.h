// SPDX-License-Identifier: Apache-2.0
// The reference as it would look from a camera that was turned or zoomed, to be found at any shift.
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "scene/reference.h"

namespace novelty {

/// Immutable.
class PoseBank {
 public:
  /// Cost: some milliseconds.
  explicit PoseBank(const SceneReference& reference);

  /// The highest correlation, [-1, 1], of `picture` with the reference in any pose but its own:
  /// turned by up to 15 degrees, zoomed by 2/3 to 3/2, or neither; and shifted by more than two
  /// points (3.6 %). Cost: about a millisecond.
  double best_elsewhere(const ScenePicture& picture) const;

 private:
  struct Pose {
    std::vector<std::complex<float>> spectrum;
    float length = 0;      // of its edges as a vector
    bool upright = false;  // neither turned nor zoomed
  };

  Pose pose_of(const SceneReference& reference, double turn, double zoom) const;

  std::vector<Pose> poses_;
};

/// Length of `edges` as one vector.
float length_of(std::span<const std::complex<float>> edges);

}  // namespace novelty
