// SPDX-License-Identifier: Apache-2.0
// The facts of a bundle: what `novelty.facts` holds, as JSON.
#pragma once

#include "base/json.h"
#include "base/safetensors.h"
#include "bundle/bundle.h"

namespace novelty {

/// All facts of `bundle`. Throws: Error(kSettings) when its provenance is not a JSON object.
nlohmann::json facts_of(const Bundle& bundle);

/// Fills `bundle` from the facts and tensors of `file`; info.id and storage are left alone.
/// Throws: Error (kFormat, kUnsupported) naming file and fact or tensor.
void read_facts(const nlohmann::json& facts, const SafetensorsFile& file, Bundle& bundle);

}  // namespace novelty
