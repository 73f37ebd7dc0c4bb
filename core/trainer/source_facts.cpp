// SPDX-License-Identifier: Apache-2.0
// What pictures and a student came from, for a bundle's provenance.
#include "trainer/source_facts.h"

namespace novelty {

nlohmann::json source_facts(FrameSource& source) {
  const std::string identity = source.identity();
  nlohmann::json facts = nlohmann::json::parse(identity, nullptr, false);
  return facts.is_discarded() ? nlohmann::json(identity) : facts;
}

nlohmann::json student_facts(const TrainingOptions& options) {
  return {{"mask", options.mask},
          {"mask_ratio", options.mask_ratio},
          {"layers", options.layers},
          {"normalisation", options.normalisation},
          {"loss", options.loss},
          {"student_width", options.student_width},
          {"student_depth", options.student_depth},
          {"epochs", options.epochs}};
}

}  // namespace novelty
