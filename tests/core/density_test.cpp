// SPDX-License-Identifier: Apache-2.0
// core/scoring: the density term against formulas worked out directly, and exceptions to it.
#include "scoring/density.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "novelty/error.h"
#include "scoring/patch_values.h"

namespace novelty {
namespace {

constexpr std::size_t kPatches = 4;  // a grid of 2 x 2
constexpr std::size_t kWidth = 11;   // not a multiple of the loop's eight

double normal(Rng& rng) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += rng.uniform();
  return sum;
}

// Tokens of `pictures` normal pictures: a mean of its own at each patch; the first two components
// vary together, ten times as much as the rest.
std::vector<std::vector<float>> normal_pictures(std::size_t pictures, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::vector<float>> result(pictures, std::vector<float>(kPatches * kWidth));
  for (auto& tokens : result)
    for (std::size_t patch = 0; patch < kPatches; ++patch) {
      const double common = normal(rng);
      for (std::size_t i = 0; i < kWidth; ++i) {
        const double mean = static_cast<double>(patch) + 0.1 * static_cast<double>(i);
        const double noise = i < 2 ? common + 0.1 * normal(rng) : 0.1 * normal(rng);
        tokens[patch * kWidth + i] = static_cast<float>(mean + noise);
      }
    }
  return result;
}

Density fitted(std::size_t pictures = 2000) {
  DensityFitter fitter(kPatches, kWidth);
  for (const auto& tokens : normal_pictures(pictures, 1)) fitter.add(tokens);
  return fitter.fit();
}

std::vector<float> distances(const Density& density, const std::vector<float>& tokens) {
  std::vector<float> result(kPatches);
  density_distances(density, tokens, result);
  return result;
}

TEST(Density, HasTheMeanTokenOfEachPatch) {
  const Density density = fitted();
  for (std::size_t patch = 0; patch < kPatches; ++patch)
    for (std::size_t i = 0; i < kWidth; ++i)
      EXPECT_NEAR(density.prototypes[patch * kWidth + i],
                  static_cast<double>(patch) + 0.1 * static_cast<double>(i), 0.1);
}

TEST(Density, WhitensByTheInverseOfTheSharedCovariance) {
  const Density density = fitted();
  // The residuals' covariance, worked out anew, and ridge: W C W^T must be the unit matrix.
  std::vector<double> covariance(kWidth * kWidth, 0);
  const auto pictures = normal_pictures(2000, 1);
  for (const auto& tokens : pictures)
    for (std::size_t at = 0; at < kPatches * kWidth; at += kWidth)
      for (std::size_t i = 0; i < kWidth; ++i)
        for (std::size_t j = 0; j < kWidth; ++j)
          covariance[i * kWidth + j] += (double{tokens[at + i]} - density.prototypes[at + i]) *
                                        (double{tokens[at + j]} - density.prototypes[at + j]) /
                                        (2000.0 * static_cast<double>(kPatches));
  double trace = 0;
  for (std::size_t i = 0; i < kWidth; ++i) trace += covariance[i * kWidth + i];
  for (std::size_t i = 0; i < kWidth; ++i)
    covariance[i * kWidth + i] += 0.1 * trace / static_cast<double>(kWidth) + 1e-8;
  const auto product = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t i = 0; i < kWidth; ++i)
      for (std::size_t j = 0; j < kWidth; ++j)
        sum += double{density.whitening[a * kWidth + i]} * covariance[i * kWidth + j] *
               density.whitening[b * kWidth + j];
    return sum;
  };
  for (std::size_t a = 0; a < kWidth; ++a)
    for (std::size_t b = 0; b < kWidth; ++b)
      EXPECT_NEAR(product(a, b), a == b ? 1 : 0, 1e-3) << a << " " << b;
}

TEST(Density, CountsADeviationByHowUsualItsDirectionIs) {
  const Density density = fitted();
  std::vector<float> usual = density.prototypes, odd = density.prototypes;
  usual[0] += 1;
  usual[1] += 1;  // along what the two do together
  odd[0] += 1;
  odd[1] -= 1;
  EXPECT_LT(4 * distances(density, usual)[0], distances(density, odd)[0]);
  EXPECT_EQ(distances(density, odd)[1], 0);
}

TEST(Density, OfOnePictureOrOfEqualOnesIsFinite) {
  DensityFitter fitter(kPatches, kWidth);
  const auto picture = normal_pictures(1, 3).front();
  for (int i = 0; i < 3; ++i) fitter.add(picture);
  const Density density = fitter.fit();
  auto other = picture;
  other[5] += 0.5F;
  EXPECT_NEAR(distances(density, picture)[0], 0, 1e-3);
  EXPECT_GT(distances(density, other)[0], 1);
  EXPECT_TRUE(std::isfinite(distances(density, other)[0]));
}

TEST(Density, RefusesSizesThatDoNotAgree) {
  DensityFitter fitter(kPatches, kWidth);
  EXPECT_THROW(fitter.fit(), Error);
  EXPECT_THROW(fitter.add(std::vector<float>(7)), Error);
  const Density density = fitted(10);
  EXPECT_THROW(distances(density, std::vector<float>(7)), Error);
}

TEST(Exceptions, HoldAtTheirPatchAndItsNeighboursOnly) {
  Density density;
  density.width = 1;
  density.prototypes.assign(16, 0.0F);  // a grid of 4 x 4
  density.whitening = {1};
  density.exceptions = {5};
  density.exception_patches = {0};
  const std::vector<float> token = {5};
  const float none = std::numeric_limits<float>::infinity();
  ExceptionIndex exceptions(density, 4);
  EXPECT_EQ(exceptions.distance(token, 0), 0);
  EXPECT_EQ(exceptions.distance(token, 5), 0);
  EXPECT_EQ(exceptions.distance(token, 2), none);
  EXPECT_EQ(exceptions.distance(token, 8), none);
  // 3 and 4 follow each other in memory but lie at opposite edges.
  density.exception_patches = {3};
  EXPECT_EQ(ExceptionIndex(density, 4).distance(token, 4), none);
  exceptions.add(12, std::vector<float>{7});
  EXPECT_EQ(exceptions.distance(token, 8), 4);
  EXPECT_EQ(exceptions.size(), 2U);
}

TEST(Exceptions, MakeWhatIsLikeThemNormalAndNothingElse) {
  Density density;
  density.width = 1;
  density.prototypes.assign(4, 0.0F);
  density.whitening = {1};
  density.exceptions = {5};
  density.exception_patches = {0};
  const ScoreDefinition definition{1, {0, 1}, {1, 2}};
  const std::vector<float> tokens = {5, 5.5F, 9, 0};
  std::vector<float> values = {30, 30, 30, -1};
  apply_exceptions(definition, ExceptionIndex(density, 2), tokens, values);
  EXPECT_FLOAT_EQ(values[0], -1);         // 2 (0 - 1) / 2
  EXPECT_FLOAT_EQ(values[1], 0.25F - 1);  // at distance 0.25
  EXPECT_FLOAT_EQ(values[2], 15);         // distance 16: still far
  EXPECT_FLOAT_EQ(values[3], -1);
}

TEST(PatchValues, AddTheTermsOnTheirScales) {
  const ScoreDefinition definition{1, {0.5, 0.1}, {2, 4}};
  std::vector<float> values(2);
  patch_values(definition, std::vector<float>{0.6F, 0.4F}, std::vector<float>{6, 2}, values);
  EXPECT_NEAR(values[0], 2, 1e-5);
  EXPECT_NEAR(values[1], -1, 1e-5);
  patch_values(definition, std::vector<float>{0.6F, 0.4F}, {}, values);
  EXPECT_NEAR(values[0], 1, 1e-5);
  EXPECT_THROW(patch_values(definition, std::vector<float>{1}, {}, values), Error);
  EXPECT_THROW(patch_values(definition, std::vector<float>{1, 1}, std::vector<float>{1}, values),
               Error);
}

TEST(TermScale, IsTheStartAndMeanExcessOfTheUpperQuarter) {
  std::vector<float> values;
  for (int i = 100; i > 0; --i) values.push_back(static_cast<float>(i));
  const TermScale term = fit_term(values);
  EXPECT_FLOAT_EQ(static_cast<float>(term.start), 76);
  EXPECT_FLOAT_EQ(static_cast<float>(term.scale), 12);
  EXPECT_GT(fit_term({3, 3, 3}).scale, 0);
  EXPECT_GT(fit_term({0}).scale, 0);
  EXPECT_THROW(fit_term({}), Error);
}

}  // namespace
}  // namespace novelty
