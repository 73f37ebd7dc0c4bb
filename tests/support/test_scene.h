// SPDX-License-Identifier: Apache-2.0
// Frames as the scene-change guard gets them, and a reference of the drawn room.
#pragma once

#include <vector>

#include "changed_frame.h"
#include "scene/reference.h"

namespace novelty::testing {

inline constexpr int kScenePatch = 16;

/// patches of `frame` at `input_size`.
std::vector<float> patches_of(const RgbFrame& frame, int input_size);

ScenePicture picture_of(const RgbFrame& frame, int input_size);

/// Learnt from ten moments of drawn_room.
SceneReference drawn_reference(int input_size);

}  // namespace novelty::testing
