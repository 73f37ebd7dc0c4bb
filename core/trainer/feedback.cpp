// SPDX-License-Identifier: Apache-2.0
// Collects exceptions: tokens of patches that users declared normal.
#include "novelty/feedback.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "base/file.h"
#include "bundle/bundle.h"
#include "bundle/density_facts.h"
#include "novelty/error.h"
#include "trainer/model_scorer.h"
#include "trainer/run.h"
#include "trainer/source_facts.h"

namespace novelty {
namespace {

using nlohmann::json;

// New exceptions by patch, to be merged into a Density.
class Collector {
 public:
  explicit Collector(const Bundle& bundle)
      : bundle_(bundle),
        known_(bundle.density, bundle.info.grid_size),
        places_(bundle.density.patches()) {}

  // Every patch of a picture that is not normal and that no exception explains, one just added
  // included. values: [patches]; tokens: [patches, width].
  void add_picture(std::span<const float> values, std::span<const float> tokens) {
    const std::size_t width = bundle_.density.width;
    for (std::size_t patch = 0; patch < values.size(); ++patch) {
      if (values[patch] <= 0) continue;
      const auto token = tokens.subspan(patch * width, width);
      const int place = static_cast<int>(patch);
      if (exception_value(bundle_.score, known_.distance(token, place)) <= 0) continue;
      full_ = known_.size() == kMostExceptions;
      if (full_) return;
      known_.add(place, token);
      places_[patch].insert(places_[patch].end(), token.begin(), token.end());
      ++added_;
    }
  }

  std::size_t added() const { return added_; }
  bool full() const { return full_; }

  // Old ones of a patch before new ones.
  void merge_into(Density& density) const {
    std::vector<float> tokens;
    std::vector<std::int32_t> patches;
    auto old = density.exceptions.begin();
    std::size_t at = 0;
    for (std::size_t patch = 0; patch < places_.size(); ++patch) {
      const auto place = static_cast<std::int32_t>(patch);
      for (; at < density.exception_patches.size() && density.exception_patches[at] == place;
           ++at) {
        tokens.insert(tokens.end(), old, old + static_cast<std::ptrdiff_t>(density.width));
        old += static_cast<std::ptrdiff_t>(density.width);
        patches.push_back(place);
      }
      tokens.insert(tokens.end(), places_[patch].begin(), places_[patch].end());
      patches.insert(patches.end(), places_[patch].size() / density.width, place);
    }
    density.exceptions = std::move(tokens);
    density.exception_patches = std::move(patches);
  }

 private:
  const Bundle& bundle_;
  ExceptionIndex known_;                    // the bundle's and those added
  std::vector<std::vector<float>> places_;  // [patches][added, width]
  std::size_t added_ = 0;
  bool full_ = false;
};

struct Highest {
  float score = 0;
  std::size_t novel = 0;
};

// Scores all pictures; calls `visit` after each.
Highest score_all(FrameSource& source, const Bundle& bundle, ModelScorer& scorer,
                  const std::function<void(std::size_t)>& progress,
                  const std::function<void()>& visit) {
  std::vector<std::size_t> positions(source.count());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  Highest highest;
  visit_pictures(source, positions, 0, [&](std::size_t place, const FrameView& frame) {
    scorer.score(scorer.prepare(frame));
    const float score = scorer.image_score();
    highest.score = place == 0 ? score : std::max(highest.score, score);
    highest.novel += score >= bundle.calibration.threshold ? 1 : 0;
    visit();
    progress(place + 1);
  });
  return highest;
}

void note_feedback(Bundle& bundle, FrameSource& source, const FeedbackReport& report) {
  json provenance = json::parse(bundle.provenance_json);
  json& feedback = provenance["feedback"];
  if (!feedback.is_array()) feedback = json::array();
  feedback.push_back({{"tool_version", NOVELTY_VERSION},
                      {"source", source_facts(source)},
                      {"pictures", report.pictures},
                      {"exceptions", report.added}});
  bundle.provenance_json = provenance.dump();
}

}  // namespace

FeedbackReport declare_normal(FrameSource& source, const FeedbackOptions& options,
                              const ModelUpdateCallback& callback) {
  Bundle bundle = read_bundle(options.model);
  check_writable(options.output);
  if (bundle.density.empty())
    throw Error(ErrorKind::kUnsupported, options.model,
                "has no density of places to make exceptions to",
                "train it again with novelty train --preset camera");
  ModelScorer scorer(bundle, options.threads);
  Collector collector(bundle);
  FeedbackReport report;
  report.pictures = source.count();
  report.threshold = bundle.calibration.threshold;
  report.known = bundle.density.exception_patches.size();
  report.most = kMostExceptions;
  const auto told = [&](std::size_t before) {
    return [&, before](std::size_t done) {
      check_progress(callback, options.model, before + done, 2 * report.pictures);
    };
  };
  told(0)(0);
  const Highest before = score_all(source, bundle, scorer, told(0), [&] {
    collector.add_picture(scorer.values(), scorer.tokens());
  });
  collector.merge_into(bundle.density);
  scorer.reload_exceptions();
  const Highest after = score_all(source, bundle, scorer, told(report.pictures), [] {});
  report.highest_before = before.score;
  report.novel_before = before.novel;
  report.highest_after = after.score;
  report.novel_after = after.novel;
  report.added = collector.added();
  report.full = collector.full();
  note_feedback(bundle, source, report);
  report.model_id = write_bundle(bundle, options.output);
  return report;
}

std::size_t forget_feedback(const FeedbackOptions& options) {
  Bundle bundle = read_bundle(options.model);
  check_writable(options.output);
  const std::size_t count = bundle.density.exception_patches.size();
  bundle.density.exceptions.clear();
  bundle.density.exception_patches.clear();
  json provenance = json::parse(bundle.provenance_json);
  provenance.erase("feedback");
  bundle.provenance_json = provenance.dump();
  write_bundle(bundle, options.output);
  return count;
}

}  // namespace novelty
