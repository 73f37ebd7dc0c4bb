// SPDX-License-Identifier: Apache-2.0
// Training stage 1: the teacher sees every training picture, and its varied copies, once.
#include <algorithm>
#include <cmath>

#include "image/preprocess.h"
#include "novelty/error.h"
#include "trainer/run.h"
#include "trainer/variation.h"

namespace novelty {
namespace {

// Pictures a teacher call takes. A resumed run keeps to the same groups of records, since a matrix
// product may round differently in another batch.
constexpr std::size_t kTeacherBatch = 8;

// Gathers pictures, runs the teacher over full batches and appends what it gave.
class FeatureWriter {
 public:
  FeatureWriter(const TrainingRun& run, FeatureCache& cache)
      : run_(run),
        cache_(cache),
        teacher_(run.backend.make_teacher(run.teacher.network, run.options.threads)) {
    patches_.reserve(kTeacherBatch * run.picture_values());
  }

  void add(std::span<const float> patches) {
    patches_.insert(patches_.end(), patches.begin(), patches.end());
    if (patches_.size() == kTeacherBatch * run_.picture_values()) flush();
  }

  void flush() {
    const std::size_t count = patches_.size() / run_.picture_values();
    if (count == 0) return;
    const auto places = static_cast<std::size_t>(run_.config().patch_count());
    tokens_.resize(count * places * static_cast<std::size_t>(run_.config().width));
    attention_.resize(count * places);
    cls_.resize(count * static_cast<std::size_t>(run_.config().width));
    teacher_->features(patches_, static_cast<int>(count), tokens_, attention_, cls_);
    check_finite(tokens_);
    check_finite(attention_);
    check_finite(cls_);
    cache_.append(patches_, tokens_, attention_, cls_, count);
    patches_.clear();
    run_.progress(TrainingStage::kFeatures, cache_.size(), run_.records());
  }

 private:
  void check_finite(std::span<const float> values) const {
    if (std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) return;
    throw Error(ErrorKind::kFormat, run_.teacher.name, "the teacher's features are not finite",
                "use other teacher weights");
  }

  const TrainingRun& run_;
  FeatureCache& cache_;
  std::unique_ptr<Teacher> teacher_;
  std::vector<float> patches_, tokens_, attention_, cls_;
};

}  // namespace

void cache_features(const TrainingRun& run, FeatureCache& cache) {
  const std::size_t copies = 1 + run.recipe.variants;
  if (cache.size() < run.records()) cache.truncate(cache.size() / kTeacherBatch * kTeacherBatch);
  run.progress(TrainingStage::kFeatures, cache.size(), run.records());
  if (cache.size() >= run.records()) return;
  const VitConfig& config = run.config();
  FeatureWriter writer(run, cache);
  PreprocessScratch scratch;
  std::vector<float> original, varied;
  std::size_t copy = cache.size() % copies;  // where in its first picture this run goes on
  visit_pictures(run.source, run.split.training, cache.size() / copies,
                 [&](std::size_t place, const FrameView& frame) {
                   preprocess(frame, config.input_size, config.patch_size, scratch, original);
                   for (; copy < copies; ++copy) {
                     varied = original;
                     Rng rng = rng_for(run.options.seed, Draw::kVariant,
                                       run.split.training[place] * copies + copy);
                     if (copy > 0)
                       vary(draw_variation(rng), config.input_size, config.patch_size, rng, varied);
                     writer.add(varied);
                   }
                   copy = 0;
                 });
  writer.flush();
}

}  // namespace novelty
