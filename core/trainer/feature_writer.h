// SPDX-License-Identifier: Apache-2.0
// Runs a network over pictures in full batches and caches what it gives.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "engine/backend.h"
#include "trainer/feature_cache.h"
#include "trainer/teacher.h"

namespace novelty {

/// What a network gives for a batch of pictures: the arrays of a FeatureLayout, finite.
using Describe =
    std::function<void(std::span<const float> patches, int batch, const TeacherFeatures& out)>;

/// Teacher::features, and the layout of their records.
/// Describe throws: Error(kFormat) when they are not finite.
Describe teacher_features(const Backend& backend, const TeacherWeights& teacher, int threads);
FeatureLayout feature_layout(const NetworkView& teacher);

/// Appends records to a cache that is not full, which is first cut to whole batches: a resumed run
/// keeps to the same groups of pictures, since a matrix product may round differently in another
/// batch. `cache` must outlive it. Not thread-safe.
class FeatureWriter {
 public:
  /// appended: called after each batch; what it throws ends the run, with the batch kept.
  FeatureWriter(FeatureCache& cache, Describe describe, std::function<void()> appended);

  /// patches: [patch_count, patch_values] of one picture. Throws: what `describe` does;
  /// Error(kWrite).
  void add(std::span<const float> patches);

  /// Writes the last batch, which may be a smaller one.
  void flush();

 private:
  FeatureCache& cache_;
  Describe describe_;
  std::function<void()> appended_;
  std::vector<float> patches_, tokens_, attention_, cls_, targets_;  // of the batch that fills
};

}  // namespace novelty
