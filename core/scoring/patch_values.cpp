// SPDX-License-Identifier: Apache-2.0
// The value of a patch: discrepancy and density on one scale, and exceptions to them.
#include "scoring/patch_values.h"

#include <algorithm>
#include <cmath>

#include "novelty/error.h"

namespace novelty {
namespace {

// The share of normal values that make the upper tail.
constexpr double kTailShare = 0.25;
// Least width of a tail: all values of an unchanging scene can be the same.
constexpr double kLeastScale = 1e-6;

float on_scale(const TermScale& term, double value) {
  return static_cast<float>((value - term.start) / term.scale);
}

}  // namespace

TermScale fit_term(std::vector<float> values) {
  if (values.empty())
    throw Error(ErrorKind::kSettings, "term", "there are no values to learn from");
  const auto tail =
      static_cast<std::ptrdiff_t>((1 - kTailShare) * static_cast<double>(values.size()));
  const auto start = values.begin() + tail;
  std::nth_element(values.begin(), start, values.end());
  double excess = 0;
  for (auto at = start; at != values.end(); ++at) excess += double{*at} - *start;
  const double count = static_cast<double>(values.end() - start);
  return {*start, std::max({excess / count, kLeastScale, 1e-3 * std::abs(double{*start})})};
}

void patch_values(const ScoreDefinition& definition, std::span<const float> discrepancy,
                  std::span<const float> distance, std::span<float> values) {
  const bool sizes =
      values.size() == discrepancy.size() && (distance.empty() || distance.size() == values.size());
  if (!sizes) throw Error(ErrorKind::kSettings, "patch values", "the terms differ in length");
  term_values(definition.discrepancy, discrepancy, values);
  for (std::size_t i = 0; i < distance.size(); ++i)
    values[i] += on_scale(definition.density, distance[i]);
}

void add_picture_term(const TermScale& scale, double distance, std::span<float> values) {
  const float term = on_scale(scale, distance);
  for (float& value : values) value += term;
}

float exception_value(const ScoreDefinition& definition, float known) {
  return 2 * on_scale(definition.density, known);
}

void apply_exceptions(const ScoreDefinition& definition, const ExceptionIndex& exceptions,
                      std::span<const float> tokens, std::span<float> values) {
  if (exceptions.size() == 0) return;
  const std::size_t width = tokens.size() / values.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] <= 0) continue;
    const float known = exceptions.distance(tokens.subspan(i * width, width), static_cast<int>(i));
    values[i] = std::min(values[i], exception_value(definition, known));
  }
}

void term_values(const TermScale& scale, std::span<const float> term, std::span<float> values) {
  std::transform(term.begin(), term.end(), values.begin(),
                 [&](float value) { return on_scale(scale, value); });
}

}  // namespace novelty
