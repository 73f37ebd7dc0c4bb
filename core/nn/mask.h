// SPDX-License-Identifier: Apache-2.0
// Which patches the student sees in a training step. Free of torch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"

namespace novelty {

enum class MaskKind { kGuidedKeep, kGuidedDrop, kRandom, kNone };

/// Throws: Error(kSettings) listing the names.
MaskKind mask_kind_of(const std::string& name);
const char* name_of(MaskKind kind);

/// Indices, ascending, of the patches kept: round((1 - ratio) * n) of them, at least one, drawn
/// without replacement. kGuidedKeep: a patch is kept with weight proportional to its [CLS]
/// attention; kGuidedDrop: dropped so; kRandom: uniformly; kNone: all are kept.
/// attention: [n], non-negative.
std::vector<std::int64_t> draw_kept_patches(MaskKind kind, double ratio,
                                            std::span<const float> attention, Rng& rng);

}  // namespace novelty
