// SPDX-License-Identifier: Apache-2.0
// Runs a teacher over pictures in full batches and caches what it gives.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "trainer/feature_cache.h"
#include "trainer/teacher.h"

namespace novelty {

/// Appends records to a cache that is not full, which is first cut to whole batches: a resumed run
/// keeps to the same groups of pictures, since a matrix product may round differently in another
/// batch. `teacher`, `cache` and `appended` must outlive it. Not thread-safe.
class FeatureWriter {
 public:
  /// appended: called after each batch; what it throws ends the run, with the batch kept.
  FeatureWriter(const Backend& backend, const TeacherWeights& teacher, int threads,
                FeatureCache& cache, std::function<void()> appended);

  /// patches: [patch_count, patch_values] of one picture.
  /// Throws: Error(kFormat) when the teacher's features are not finite; Error(kWrite).
  void add(std::span<const float> patches);

  /// Writes the last batch, which may be a smaller one.
  void flush();

 private:
  void check_finite(std::span<const float> values) const;

  const TeacherWeights& weights_;
  FeatureCache& cache_;
  std::function<void()> appended_;
  std::unique_ptr<Teacher> teacher_;
  std::vector<float> patches_, tokens_, attention_, cls_;  // of the batch that fills
};

}  // namespace novelty
