// SPDX-License-Identifier: Apache-2.0
// Norms and distances of tokens.
#include "nn/token_comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr double kSmallestLength = 1e-12;  // below it a token counts as zero
constexpr double kLayerEpsilon = 1e-6;     // of a variance

constexpr std::array<std::pair<const char*, TokenNorm>, 3> kNorms{
    {{"l2", TokenNorm::kLength}, {"layer", TokenNorm::kLayer}, {"none", TokenNorm::kNone}}};
constexpr std::array<std::pair<const char*, TokenLoss>, 3> kLosses{
    {{"squared", TokenLoss::kSquared},
     {"smooth-l1", TokenLoss::kSmoothL1},
     {"cosine", TokenLoss::kCosine}}};

template <class Names>
auto named(const Names& names, const std::string& name, const char* what) {
  std::string all;
  for (const auto& [text, value] : names) {
    if (name == text) return value;
    all += (all.empty() ? "" : ", ") + std::string(text);
  }
  throw Error(ErrorKind::kSettings, what, "there is no \"" + name + "\"", "use one of " + all);
}

template <class Names, class Value>
std::string text_of(const Names& names, Value value) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [value](const auto& entry) { return entry.second == value; });
  return found->first;
}

// Sum of term(i) over the channels; independent sums, for the vector unit.
template <class Term>
double sum_over(std::size_t width, const Term& term) {
  std::array<double, 8> sums{};
  const std::size_t whole = width / sums.size() * sums.size();
  for (std::size_t i = 0; i < whole; i += sums.size())
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += term(i + k);
  double sum = 0;
  for (const double part : sums) sum += part;
  for (std::size_t i = whole; i < width; ++i) sum += term(i);
  return sum;
}

double length_of(std::span<const float> token) {
  const double square =
      sum_over(token.size(), [&](std::size_t i) { return double{token[i]} * double{token[i]}; });
  return std::max(std::sqrt(square), kSmallestLength);
}

void scale_to_length(std::span<const float> token, std::span<float> out) {
  const double share = 1 / length_of(token);
  for (std::size_t i = 0; i < token.size(); ++i) out[i] = static_cast<float>(token[i] * share);
}

void standardise(std::span<const float> token, std::span<float> out) {
  const auto width = static_cast<double>(token.size());
  const double mean =
      sum_over(token.size(), [&](std::size_t i) { return double{token[i]}; }) / width;
  const double variance = sum_over(token.size(),
                                   [&](std::size_t i) {
                                     const double d = token[i] - mean;
                                     return d * d;
                                   }) /
                          width;
  const double share = 1 / std::sqrt(variance + kLayerEpsilon);
  for (std::size_t i = 0; i < token.size(); ++i)
    out[i] = static_cast<float>((token[i] - mean) * share);
}

}  // namespace

TokenNorm token_norm_of(const std::string& name) {
  return named(kNorms, name, "normalisation");
}

TokenLoss token_loss_of(const std::string& name) {
  return named(kLosses, name, "loss");
}

std::string name_of(TokenNorm norm) {
  return text_of(kNorms, norm);
}

std::string name_of(TokenLoss loss) {
  return text_of(kLosses, loss);
}

void normalise_tokens(TokenNorm norm, bool of_student, std::size_t width,
                      std::span<const float> tokens, std::span<float> out) {
  const bool as_they_are = norm == TokenNorm::kNone || (norm == TokenNorm::kLayer && of_student);
  if (as_they_are) {
    if (out.data() != tokens.data()) std::ranges::copy(tokens, out.begin());
    return;
  }
  for (std::size_t first = 0; first < out.size(); first += width) {
    const auto token = tokens.subspan(first, width);
    if (norm == TokenNorm::kLength)
      scale_to_length(token, out.subspan(first, width));
    else
      standardise(token, out.subspan(first, width));
  }
}

double token_distance(const TokenComparison& comparison, std::span<const float> teacher,
                      std::span<const float> student) {
  const std::size_t width = teacher.size();
  if (comparison.loss == TokenLoss::kCosine) {
    const double product =
        sum_over(width, [&](std::size_t i) { return double{teacher[i]} * double{student[i]}; });
    return std::clamp(1 - product / (length_of(teacher) * length_of(student)), 0.0, 2.0);
  }
  const bool smooth = comparison.loss == TokenLoss::kSmoothL1;
  const double sum = smooth ? sum_over(width,
                                       [&](std::size_t i) {
                                         const double d = std::abs(double{teacher[i]} - student[i]);
                                         return d < 1 ? d * d / 2 : d - 0.5;
                                       })
                            : sum_over(width, [&](std::size_t i) {
                                const double d = double{teacher[i]} - student[i];
                                return d * d;
                              });
  return comparison.norm == TokenNorm::kLength ? std::min(sum, 4.0)
                                               : sum / static_cast<double>(width);
}

}  // namespace novelty
