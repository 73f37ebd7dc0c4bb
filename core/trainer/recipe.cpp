// SPDX-License-Identifier: Apache-2.0
// The presets by name.
#include "trainer/recipe.h"

#include "novelty/error.h"

namespace novelty {

Recipe recipe_of(const std::string& preset) {
  if (preset == "camera") return {};
  throw Error(ErrorKind::kSettings, "preset", "there is no preset \"" + preset + "\"",
              "use camera");
}

}  // namespace novelty
