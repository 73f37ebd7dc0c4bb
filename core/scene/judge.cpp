// SPDX-License-Identifier: Apache-2.0
// The evidence a picture gives, and the rules for each change.
#include "scene/judge.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace novelty {
namespace {

// Correlation of a cell's edges over which the cell shows what it showed: chance passes in one of
// twenty cells.
constexpr float kSameCell = 0.5F;
// Enough visible background to judge the light by.
constexpr double kEnoughCells = 0.25;

// Moved: objects of 40 % leave at most 0.0 between another pose and their own; moves give 0.2 to 1.
constexpr double kLeastFit = 0.3;
constexpr double kBetterFit = 0.15;
constexpr double kWorthSearching = 0.7;  // at a better fit in its own place no pose can win

// Covered: 80 % leaves a likeness of 0.2, objects of 40 % twice as much.
constexpr double kGoneLikeness = 0.3;
constexpr double kGoneAgreement = 0.5;
constexpr float kSameLight = 0.12F;  // of the logarithm
constexpr float kSameChroma = 0.03F;
constexpr double kBlurContrast = 0.45;

// Relit: exposure that a camera controls, +-25 % on top of it, stays inside; x 0.3 and x 2.5 do
// not.
constexpr double kDarkest = 0.4;
constexpr double kBrightest = 1.7;
constexpr float kUnevenLight = 0.25F;  // of the logarithm, off the common gain
constexpr double kUnevenShare = 0.33;  // of the visible background
constexpr float kSaturated = 0.96F;
constexpr double kSaturatedShare = 0.5;

// Infrared: R', G' and B' within 1.5 of 255 nearly everywhere, where colour was at twice that.
constexpr float kColourless = 0.006F;
constexpr float kColoured = 0.012F;
constexpr double kChromaLeft = 0.3;
constexpr double kInPlace = 0.4;

constexpr float kLogFloor = 0.02F;  // black against black is no ratio

float log_ratio(float now, float then) {
  return std::log((now + kLogFloor) / (then + kLogFloor));
}

// The value under which `share` of the values lie; 0 when there are none.
float quantile(std::vector<float> values, double share) {
  if (values.empty()) return 0;
  const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<std::size_t>(place)];
}

template <typename Holds>
double share_of(std::size_t count, Holds holds) {
  std::size_t held = 0;
  for (std::size_t i = 0; i < count; ++i) held += holds(i) ? 1 : 0;
  return count == 0 ? 0 : static_cast<double>(held) / static_cast<double>(count);
}

// [kCells] correlation of the edges.
std::vector<float> cell_correlations(const SceneReference& reference, const ScenePicture& picture) {
  constexpr float kFloor = 1e-3F;  // of a cell without edges
  std::vector<float> both(kCells), now(kCells), then(kCells);
  each_point([&](std::size_t cell, std::size_t i) {
    const auto& a = picture.edges[i];
    const auto& b = reference.edges[i];
    both[cell] += a.real() * b.real() + a.imag() * b.imag();
    now[cell] += std::norm(a);
    then[cell] += std::norm(b);
  });
  for (std::size_t cell = 0; cell < kCells; ++cell)
    both[cell] /= std::sqrt(now[cell] * then[cell] + kFloor);
  return both;
}

double mean_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Colour of the more coloured cells: the 95 % quantile of the chroma's length.
float chroma_of(const std::vector<float>& chroma) {
  std::vector<float> lengths;
  for (std::size_t i = 0; i < chroma.size(); i += 2)
    lengths.push_back(std::hypot(chroma[i], chroma[i + 1]));
  return quantile(std::move(lengths), 0.95);
}

std::vector<float> cell_means(const std::vector<float>& points) {
  std::vector<float> means(kCells);
  each_point([&](std::size_t cell, std::size_t i) { means[cell] += points[i] / kPointsPerCell; });
  return means;
}

}  // namespace

struct SceneJudge::Evidence {
  double likeness = 0;        // relative to the training pictures'
  double own_fit = 0;         // correlation of all edges in place
  double visible = 0;         // share of the cells that show what they showed
  float gain = 0;             // logarithm, over the visible cells
  double uneven = 0;          // share of the visible cells off that gain
  std::vector<float> cells;   // [kCells] correlation of the edges
  std::vector<float> ratios;  // [kCells] logarithm of brightness, now over then
};

double likeness(const SceneReference& reference, const ScenePicture& picture) {
  return mean_of(cell_correlations(reference, picture));
}

SceneJudge::SceneJudge(SceneReference reference)
    : reference_(std::move(reference)),
      cell_luma_(cell_means(reference_.luma)),
      chroma_(chroma_of(reference_.chroma)),
      length_(length_of(reference_.edges)),
      poses_(reference_) {}

SceneJudge::Evidence SceneJudge::compare(const ScenePicture& picture) const {
  Evidence evidence;
  evidence.cells = cell_correlations(reference_, picture);
  const auto& cells = evidence.cells;
  evidence.likeness = mean_of(cells) / reference_.similarity;
  evidence.visible = share_of(kCells, [&](std::size_t i) { return cells[i] > kSameCell; });
  float both = 0;
  for (std::size_t i = 0; i < kScenePoints; ++i)
    both += picture.edges[i].real() * reference_.edges[i].real() +
            picture.edges[i].imag() * reference_.edges[i].imag();
  evidence.own_fit = both / (length_of(picture.edges) * length_ + 0.1F);
  evidence.ratios.resize(kCells);
  std::vector<float> seen;
  for (std::size_t i = 0; i < kCells; ++i) {
    evidence.ratios[i] = log_ratio(picture.cell_luma[i], cell_luma_[i]);
    if (cells[i] > kSameCell) seen.push_back(evidence.ratios[i]);
  }
  if (evidence.visible < kEnoughCells / 2) return evidence;
  evidence.gain = quantile(seen, 0.5);
  evidence.uneven = share_of(
      seen.size(), [&](std::size_t i) { return std::abs(seen[i] - evidence.gain) > kUnevenLight; });
  return evidence;
}

SceneChange SceneJudge::judge(const ScenePicture& picture) const {
  const Evidence evidence = compare(picture);
  const auto tells = [&](SceneChange change) {
    const auto at = std::find(kSceneChanges.begin(), kSceneChanges.end(), change);
    return reference_.tells[static_cast<std::size_t>(at - kSceneChanges.begin())];
  };
  if (tells(SceneChange::kInfrared) && infrared(evidence, picture)) return SceneChange::kInfrared;
  if (tells(SceneChange::kMoved) && moved(evidence, picture)) return SceneChange::kMoved;
  if (tells(SceneChange::kRelit) && relit(evidence, picture)) return SceneChange::kRelit;
  if (tells(SceneChange::kCovered) && (covered(evidence, picture) || blurred(evidence, picture)))
    return SceneChange::kCovered;
  return SceneChange::kNone;
}

bool SceneJudge::infrared(const Evidence& evidence, const ScenePicture& picture) const {
  if (chroma_ < kColoured || evidence.likeness < kInPlace) return false;
  const float chroma = chroma_of(picture.cell_chroma);
  return chroma < kColourless && chroma < kChromaLeft * std::exp(evidence.gain) * chroma_;
}

bool SceneJudge::moved(const Evidence& evidence, const ScenePicture& picture) const {
  if (evidence.own_fit > kWorthSearching) return false;
  const double elsewhere = poses_.best_elsewhere(picture);
  return elsewhere > kLeastFit && elsewhere > evidence.own_fit + kBetterFit;
}

bool SceneJudge::relit(const Evidence& evidence, const ScenePicture& picture) const {
  const double saturated = share_of(kCells, [&](std::size_t i) {
    return picture.cell_luma[i] > kSaturated && cell_luma_[i] * kBrightest < picture.cell_luma[i];
  });
  if (saturated > kSaturatedShare) return true;
  if (evidence.visible < kEnoughCells) return false;
  return evidence.gain < std::log(kDarkest) || evidence.gain > std::log(kBrightest) ||
         evidence.uneven > kUnevenShare;
}

bool SceneJudge::covered(const Evidence& evidence, const ScenePicture& picture) const {
  if (evidence.likeness > kGoneLikeness) return false;
  const double agreement = share_of(kCells, [&](std::size_t i) {
    const auto chroma_change = [&](std::size_t k) {
      return std::abs(picture.cell_chroma[2 * i + k] - reference_.chroma[2 * i + k]);
    };
    return std::abs(evidence.ratios[i] - evidence.gain) < kSameLight &&
           std::max(chroma_change(0), chroma_change(1)) < kSameChroma;
  });
  return agreement < kGoneAgreement;
}

// Out of focus: of what is still in place most of the contrast is gone, and not for want of light.
bool SceneJudge::blurred(const Evidence& evidence, const ScenePicture& picture) const {
  if (evidence.visible < kEnoughCells) return false;
  std::vector<float> left;
  for (std::size_t i = 0; i < kCells; ++i)
    if (evidence.cells[i] > kSameCell && reference_.contrast[i] > 0)
      left.push_back(picture.contrast[i] / reference_.contrast[i]);
  return !left.empty() && quantile(std::move(left), 0.5) < kBlurContrast * std::exp(evidence.gain);
}

}  // namespace novelty
