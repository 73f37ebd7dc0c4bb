// SPDX-License-Identifier: Apache-2.0
// Training stage 2: the teacher sees every training picture, and its varied copies, once.
#include "image/preprocess.h"
#include "trainer/feature_writer.h"
#include "trainer/run.h"
#include "trainer/variation.h"

namespace novelty {

void cache_features(const TrainingRun& run, FeatureCache& cache) {
  const std::size_t copies = 1 + run.recipe.variants;
  const auto progress = [&] {
    run.progress(TrainingStage::kFeatures, cache.size(), run.records());
  };
  if (cache.size() >= run.records()) return progress();
  FeatureWriter writer(cache, teacher_features(run.backend, run.teacher, run.options.threads),
                       progress);
  progress();
  const VitConfig& config = run.config();
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
