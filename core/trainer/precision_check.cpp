// SPDX-License-Identifier: Apache-2.0
// Compares the scores of pictures in each precision.
#include "trainer/precision_check.h"

#include <algorithm>
#include <cmath>

#include "engine/cpu_engine.h"
#include "engine/range_finder.h"
#include "trainer/model_scorer.h"
#include "trainer/run.h"

namespace novelty {
namespace {

using Pictures = std::vector<std::vector<float>>;

// The patches of every other of the chosen pictures, and of the rest.
std::array<Pictures, 2> load(FrameSource& source, std::span<const std::size_t> positions,
                             const Bundle& bundle) {
  std::vector<std::size_t> chosen;
  const std::size_t count = std::min(positions.size(), kPrecisionPictures);
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(positions[i * positions.size() / count]);
  std::array<Pictures, 2> pictures;
  PreprocessScratch scratch;
  visit_pictures(source, chosen, 0, [&](std::size_t place, const FrameView& frame) {
    auto& patches = pictures.at(place % 2).emplace_back();
    preprocess(frame, bundle.info.input_size, bundle.info.patch_size, scratch, patches);
  });
  if (pictures[1].empty()) pictures[1] = pictures[0];
  return pictures;
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

void check_precisions(FrameSource& source, std::span<const std::size_t> positions, int threads,
                      RangeStorage& storage, Bundle& bundle) {
  if (positions.empty()) return;
  const auto pictures = load(source, positions, bundle);
  find_ranges(pictures[0], storage, bundle.teacher);
  find_ranges(pictures[0], storage, bundle.student);
  const auto wanted = scores_in("fp32", pictures[1], threads, bundle);
  for (const char* precision : {"bf16", "int8"}) {
    if (kernels_for({.precision = precision}).isa == std::string("plain")) continue;
    bundle.drift[precision] =
        drift_between(wanted, scores_in(precision, pictures[1], threads, bundle));
  }
}

}  // namespace novelty
