// SPDX-License-Identifier: Apache-2.0
// What the commands that change a model have in common.
#include "model_update.h"

#include <cstdio>

#include "interrupt.h"

namespace novelty {

ModelUpdateCallback show_update(Progress& progress, const std::string& stage) {
  return [&progress, stage](std::size_t done, std::size_t total) {
    progress.show(stage, done, total);
    return !interrupted();
  };
}

void print_warnings(const Footage& footage) {
  for (const std::string& warning : footage.warnings())
    std::fprintf(stderr, "novelty: warning: %s\n", warning.c_str());
}

}  // namespace novelty
