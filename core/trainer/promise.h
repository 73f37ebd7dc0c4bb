// SPDX-License-Identifier: Apache-2.0
// What a model promises about false alarms, in plain words.
#pragma once

#include <optional>
#include <string>

#include "novelty/model_info.h"

namespace novelty {

/// The threshold, the rate it aims at, what to expect of it, and how much footage that rests on.
std::string promise_text(const ModelInfo& info);

/// Where that footage is too short for the target: what it can promise, and how much it takes.
std::optional<std::string> promise_warning(const ModelInfo& info);

}  // namespace novelty
