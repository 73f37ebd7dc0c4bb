// SPDX-License-Identifier: Apache-2.0
// Scores pictures with a bundle as live use does.
#include "trainer/model_scorer.h"

#include <algorithm>
#include <cmath>

#include "engine/network_pair.h"
#include "novelty/error.h"
#include "trainer/run.h"

namespace novelty {

ModelScorer::ModelScorer(const Bundle& bundle, int threads, const std::string& precision)
    : bundle_(bundle),
      engine_((is_plain(bundle.student) ? backend_in(precision) : backend_for("cpu"))
                  .make_engine(bundle.teacher, bundle.student,
                               {.threads = resolved_threads(threads), .precision = precision})),
      scratch_(engine_->make_scratch()),
      discrepancy_(static_cast<std::size_t>(bundle.teacher.config.patch_count())),
      tokens_(discrepancy_.size() * static_cast<std::size_t>(bundle.teacher.config.width)),
      cls_(static_cast<std::size_t>(bundle.teacher.config.width)),
      distance_(bundle.density.patches()),
      values_(discrepancy_.size()) {
  reload_exceptions();
}

std::span<const float> ModelScorer::prepare(const FrameView& frame) {
  preprocess(frame, bundle_.info.input_size, bundle_.info.patch_size, preprocess_, patches_);
  return patches_;
}

void ModelScorer::score(std::span<const float> patches) {
  engine_->score(patches, *scratch_, discrepancy_, tokens_, cls_);
  if (!distance_.empty()) density_distances(bundle_.density, tokens_, distance_);
  patch_values(bundle_.score, discrepancy_, distance_, values_);
  if (!bundle_.picture.empty())
    add_picture_term(bundle_.score.picture,
                     picture_distance(bundle_.picture, summary_of(cls_, tokens_)), values_);
  apply_exceptions(bundle_.score, *exceptions_, tokens_, values_);
  if (!std::all_of(values_.begin(), values_.end(), [](float v) { return std::isfinite(v); }))
    throw Error(ErrorKind::kResource, bundle_.info.path,
                "the networks gave values that are not finite", "train the model again");
}

float ModelScorer::image_score() const {
  return static_cast<float>(novelty::image_score(values_, bundle_.score.top_share));
}

}  // namespace novelty
