// SPDX-License-Identifier: Apache-2.0
// What a network's features are worth, measured on images in classes while it learns.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "class_data.h"

namespace novelty {

struct ProbeResult {
  double knn_accuracy = 0;  ///< share of right votes of the ten nearest, [0, 1]
  double auroc = 0;         ///< mean over the classes: one against all others, [0, 1]
};

/// Takes the first images of each class's training split to learn from and the last to judge by;
/// never the test split. Not thread-safe.
class FeatureProbe {
 public:
  /// Throws: Error when `data` (see read_class_data) has fewer than two classes or too few images.
  explicit FeatureProbe(const std::string& data);

  /// network: a timm ViT as safetensors in memory. By each image's summary (see summary_of): votes
  /// by cosine, and the picture term's distance, one class against all others. threads: 0 = all.
  /// Throws: Error when an image cannot be read or the network not be used.
  ProbeResult measure(const std::vector<std::byte>& network, int threads) const;

 private:
  ClassData data_;
};

}  // namespace novelty
