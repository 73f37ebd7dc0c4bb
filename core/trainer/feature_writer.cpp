// SPDX-License-Identifier: Apache-2.0
// Runs a network over pictures in full batches and caches what it gives.
#include "trainer/feature_writer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::size_t kBatch = 8;

void check_finite(std::span<const float> values, const std::string& teacher) {
  if (std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) return;
  throw Error(ErrorKind::kFormat, teacher, "the teacher's features are not finite",
              "use other teacher weights");
}

}  // namespace

Describe teacher_features(const Backend& backend, const TeacherWeights& teacher, int threads) {
  const std::shared_ptr<Teacher> network =
      backend.make_teacher(teacher.network, {.threads = threads});
  return [network, name = teacher.name](std::span<const float> patches, int batch,
                                        const TeacherFeatures& out) {
    network->features(patches, batch, out);
    for (const auto values : {out.tokens, out.attention, out.cls, out.targets})
      check_finite(values, name);
  };
}

FeatureLayout feature_layout(const NetworkView& teacher) {
  const auto places = static_cast<std::size_t>(teacher.config.patch_count());
  const auto width = static_cast<std::size_t>(teacher.config.width);
  FeatureLayout layout{places * static_cast<std::size_t>(teacher.config.patch_values()),
                       places * width, places, width};
  const TokenComparison& comparison = teacher.comparison;
  if (comparison.layers > 1 || comparison.norm != TokenNorm::kLength)
    layout.targets = static_cast<std::size_t>(comparison.layers) * layout.tokens;
  return layout;
}

FeatureWriter::FeatureWriter(FeatureCache& cache, Describe describe, std::function<void()> appended)
    : cache_(cache), describe_(std::move(describe)), appended_(std::move(appended)) {
  cache.truncate(cache.size() / kBatch * kBatch);
}

void FeatureWriter::add(std::span<const float> patches) {
  patches_.insert(patches_.end(), patches.begin(), patches.end());
  if (patches_.size() == kBatch * cache_.layout().patches) flush();
}

void FeatureWriter::flush() {
  const FeatureLayout& layout = cache_.layout();
  const std::size_t count = patches_.size() / layout.patches;
  if (count == 0) return;
  tokens_.resize(count * layout.tokens);
  attention_.resize(count * layout.attention);
  cls_.resize(count * layout.cls);
  targets_.resize(count * layout.targets);
  describe_(patches_, static_cast<int>(count), {tokens_, attention_, cls_, targets_});
  cache_.append({patches_, tokens_, attention_, cls_, targets_}, count);
  patches_.clear();
  appended_();
}

}  // namespace novelty
