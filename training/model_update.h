// SPDX-License-Identifier: Apache-2.0
// What the commands that change a model have in common.
#pragma once

#include <string>

#include "footage.h"
#include "novelty/error.h"
#include "novelty/recalibration.h"
#include "progress.h"

namespace novelty {

/// More frames than any footage has: none are left out unless the user asks.
inline constexpr std::size_t kAllFrames = 1'000'000'000;

/// Shows the pictures done as `stage`, and stops on Ctrl-C.
ModelUpdateCallback show_update(Progress& progress, const std::string& stage);

/// The result of `update`, called with a callback that shows how far it is.
/// Throws: what `update` throws; when it was stopped, that `model` is as it was.
template <typename Update>
auto update_shown(const std::string& model, const std::string& stage, const Update& update) {
  Progress progress;
  try {
    auto result = update(show_update(progress, stage));
    progress.finish();
    return result;
  } catch (const Error& error) {
    progress.finish();
    if (error.kind() != ErrorKind::kCancelled) throw;
    throw Error(ErrorKind::kCancelled, model, "stopped, the model is as it was");
  }
}

/// Prints the footage's warnings to stderr.
void print_warnings(const Footage& footage);

}  // namespace novelty
