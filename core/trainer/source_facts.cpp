// SPDX-License-Identifier: Apache-2.0
// What pictures came from, for a bundle's provenance.
#include "trainer/source_facts.h"

namespace novelty {

nlohmann::json source_facts(FrameSource& source) {
  const std::string identity = source.identity();
  nlohmann::json facts = nlohmann::json::parse(identity, nullptr, false);
  return facts.is_discarded() ? nlohmann::json(identity) : facts;
}

}  // namespace novelty
