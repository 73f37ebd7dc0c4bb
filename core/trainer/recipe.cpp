// SPDX-License-Identifier: Apache-2.0
// The presets by name.
#include "trainer/recipe.h"

#include <algorithm>

#include "novelty/error.h"
#include "trainer/plan.h"

namespace novelty {
namespace {

// Short footage is varied until it has about this many records; all footage at least once.
constexpr std::size_t kWantedRecords = 400;
constexpr std::size_t kMostVariants = 8;
// Steps at least, and epochs at least for longer footage.
constexpr std::size_t kLeastSteps = 350;
constexpr std::size_t kLeastEpochs = 3;
// The discrepancy of whole pictures counts little: a student of fewer steps ranks as well.
constexpr std::size_t kLeastPictureSteps = 150;

constexpr std::int64_t kMillisecond = 1'000'000;

std::size_t quotient_up(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;
}

// A single odd frame is smoothed away, an object that stays for a fifth of a second is not, and one
// that is lost for less than a second stays one event.
EventOptions camera_events() {
  EventOptions events;
  events.smoothing_ns = 100 * kMillisecond;
  events.min_duration_ns = 200 * kMillisecond;
  events.hold_ns = 1000 * kMillisecond;
  return events;
}

}  // namespace

Recipe resolve_recipe(const TrainingOptions& options, std::size_t pictures) {
  Recipe recipe;
  recipe.events = camera_events();
  if (options.preset == "semantic") {
    recipe.whole_pictures = true;
    recipe.top_share = 1;
  } else if (options.preset == "camera") {
    recipe.variants = std::min(kMostVariants,
                               std::max<std::size_t>(quotient_up(kWantedRecords, pictures), 2) - 1);
  } else {
    throw Error(ErrorKind::kSettings, "preset", "there is no preset \"" + options.preset + "\"",
                "use camera or semantic");
  }
  if (options.batch_size > 0) recipe.batch = static_cast<std::size_t>(options.batch_size);
  if (options.learning_rate > 0) recipe.learning_rate = options.learning_rate;
  const std::size_t records = pictures * (1 + recipe.variants);
  recipe.steps =
      options.epochs > 0
          ? static_cast<std::size_t>(options.epochs) * steps_per_epoch(records, recipe.batch)
          : std::max(recipe.whole_pictures ? kLeastPictureSteps : kLeastSteps,
                     quotient_up(kLeastEpochs * records, recipe.batch));
  return recipe;
}

}  // namespace novelty
