// SPDX-License-Identifier: Apache-2.0
// Compares the scores of pictures in each precision.
#include "trainer/precision_check.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/cpu_engine.h"
#include "engine/range_finder.h"
#include "trainer/model_scorer.h"

namespace novelty {
namespace {

using Pictures = std::vector<std::vector<float>>;

Pictures every_other(const Pictures& all, std::size_t first) {
  Pictures chosen;
  for (std::size_t i = first; i < all.size(); i += 2) chosen.push_back(all[i]);
  return chosen;
}

std::vector<std::string> quick_precisions() {
  std::vector<std::string> names;
  for (const char* name : {"bf16", "int8"})
    if (kernels_for({.precision = name}).isa != std::string("plain") ||
        backend_in(name).precision == name)
      names.emplace_back(name);
  return names;
}

void find_ranges(const Pictures& pictures, RangeStorage& storage, NetworkView& network) {
  RangeFinder finder(network);
  for (const auto& patches : pictures) finder.add(patches);
  network.ranges.clear();
  for (const auto& [name, range] : finder.ranges()) {
    storage.push_back(to_floats(range, name));
    network.ranges[name] = view_of(storage.back(), range.shape);
  }
}

std::vector<double> scores_in(const std::string& precision, const Pictures& pictures, int threads,
                              const Bundle& bundle) {
  ModelScorer scorer(bundle, threads, precision);
  std::vector<double> scores;
  for (const auto& patches : pictures) {
    scorer.score(patches);
    scores.push_back(static_cast<double>(scorer.image_score()));
  }
  return scores;
}

double deviation(const std::vector<double>& values) {
  double mean = 0, square = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) square += (value - mean) * (value - mean);
  return std::max(std::sqrt(square / static_cast<double>(values.size())), 1e-9);
}

double drift_between(const std::vector<double>& wanted, const std::vector<double>& found) {
  std::vector<double> moves;
  for (std::size_t i = 0; i < wanted.size(); ++i) moves.push_back(std::abs(found[i] - wanted[i]));
  std::sort(moves.begin(), moves.end());
  const auto place = static_cast<std::size_t>(0.99 * static_cast<double>(moves.size()));
  return moves[std::min(place, moves.size() - 1)] / deviation(wanted);
}

}  // namespace

void PictureSample::offer(std::size_t place, std::span<const float> patches) {
  const std::size_t wanted = std::min(count_, kMost);
  if (pictures_.size() < wanted && place == pictures_.size() * count_ / wanted)
    pictures_.emplace_back(patches.begin(), patches.end());
}

void check_precisions(const PictureSample& sample, int threads, RangeStorage& storage,
                      Bundle& bundle) {
  const auto precisions = quick_precisions();
  if (precisions.empty() || sample.pictures().size() < 2) return;
  const Pictures seen = every_other(sample.pictures(), 0),
                 unseen = every_other(sample.pictures(), 1);
  find_ranges(seen, storage, bundle.teacher);
  find_ranges(seen, storage, bundle.student);
  const auto wanted = scores_in("fp32", unseen, threads, bundle);
  for (const std::string& precision : precisions)
    bundle.drift[precision] = drift_between(wanted, scores_in(precision, unseen, threads, bundle));
}

}  // namespace novelty
