// SPDX-License-Identifier: Apache-2.0
// What pictures came from, for a bundle's provenance.
#pragma once

#include <nlohmann/json.hpp>

#include "novelty/trainer.h"

namespace novelty {

/// The source's identity as JSON; as a text when it is none.
nlohmann::json source_facts(FrameSource& source);

}  // namespace novelty
