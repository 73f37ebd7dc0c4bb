// SPDX-License-Identifier: Apache-2.0
// Runs a teacher over pictures in full batches and caches what it gives.
#include "trainer/feature_writer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::size_t kBatch = 8;

std::size_t picture_values(const VitConfig& config) {
  return static_cast<std::size_t>(config.patch_count()) *
         static_cast<std::size_t>(config.patch_values());
}

}  // namespace

FeatureWriter::FeatureWriter(const Backend& backend, const TeacherWeights& teacher, int threads,
                             FeatureCache& cache, std::function<void()> appended)
    : weights_(teacher),
      cache_(cache),
      appended_(std::move(appended)),
      teacher_(backend.make_teacher(teacher.network, {.threads = threads})) {
  cache.truncate(cache.size() / kBatch * kBatch);
}

void FeatureWriter::add(std::span<const float> patches) {
  patches_.insert(patches_.end(), patches.begin(), patches.end());
  if (patches_.size() == kBatch * picture_values(weights_.network.config)) flush();
}

void FeatureWriter::flush() {
  const VitConfig& config = weights_.network.config;
  const std::size_t count = patches_.size() / picture_values(config);
  if (count == 0) return;
  const auto places = static_cast<std::size_t>(config.patch_count());
  const auto width = static_cast<std::size_t>(config.width);
  tokens_.resize(count * places * width);
  attention_.resize(count * places);
  cls_.resize(count * width);
  teacher_->features(patches_, static_cast<int>(count), tokens_, attention_, cls_);
  check_finite(tokens_);
  check_finite(attention_);
  check_finite(cls_);
  cache_.append(patches_, tokens_, attention_, cls_, count);
  patches_.clear();
  appended_();
}

void FeatureWriter::check_finite(std::span<const float> values) const {
  if (std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) return;
  throw Error(ErrorKind::kFormat, weights_.name, "the teacher's features are not finite",
              "use other teacher weights");
}

}  // namespace novelty
