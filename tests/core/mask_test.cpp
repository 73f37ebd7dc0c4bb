// SPDX-License-Identifier: Apache-2.0
// core/nn/mask: how many patches are kept, with which chance, and that draws repeat.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "nn/mask.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr MaskKind kKinds[] = {MaskKind::kGuidedKeep, MaskKind::kGuidedDrop, MaskKind::kRandom,
                               MaskKind::kNone};

TEST(Mask, NamesGoThereAndBack) {
  for (const MaskKind kind : kKinds) EXPECT_EQ(mask_kind_of(name_of(kind)), kind);
  try {
    mask_kind_of("guided");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSettings);
    EXPECT_NE(std::string(error.what()).find("guided-keep, guided-drop, random, none"),
              std::string::npos)
        << error.what();
  }
}

TEST(Mask, KeepsTheStatedNumberAscendingWithoutRepeats) {
  std::vector<float> attention(196);
  for (std::size_t i = 0; i < attention.size(); ++i) attention[i] = static_cast<float>(i % 7);
  Rng rng(3);
  for (const MaskKind kind : kKinds) {
    for (const double ratio : {0.0, 0.25, 0.5, 0.75, 0.95, 0.999}) {
      const auto kept = draw_kept_patches(kind, ratio, attention, rng);
      const auto expected = std::max(1L, std::lround((1 - ratio) * 196));
      EXPECT_EQ(kept.size(), kind == MaskKind::kNone ? 196U : static_cast<std::size_t>(expected));
      EXPECT_TRUE(std::adjacent_find(kept.begin(), kept.end(), std::greater_equal<>()) ==
                  kept.end());
      EXPECT_GE(kept.front(), 0);
      EXPECT_LT(kept.back(), 196);
    }
  }
}

TEST(Mask, RepeatsWithTheSameSeed) {
  const std::vector<float> attention(50, 0.02F);
  for (const MaskKind kind : kKinds) {
    Rng first(7, 1), second(7, 1);
    EXPECT_EQ(draw_kept_patches(kind, 0.5, attention, first),
              draw_kept_patches(kind, 0.5, attention, second));
  }
  Rng first(7, 1), other(8, 1);
  EXPECT_NE(draw_kept_patches(MaskKind::kRandom, 0.5, attention, first),
            draw_kept_patches(MaskKind::kRandom, 0.5, attention, other));
}

// How often each patch is kept.
std::vector<double> shares(MaskKind kind, double ratio, const std::vector<float>& attention) {
  constexpr int kDraws = 20000;
  std::vector<double> share(attention.size());
  Rng rng(11);
  for (int i = 0; i < kDraws; ++i) {
    for (const auto patch : draw_kept_patches(kind, ratio, attention, rng)) share[patch] += 1;
  }
  for (double& s : share) s /= kDraws;
  return share;
}

// Four standard errors of a share of 20000 draws: 4 * sqrt(0.25 / 20000).
constexpr double kShareTolerance = 0.015;

TEST(Mask, GuidedDrawsInProportionToTheAttention) {
  const std::vector<float> attention = {1, 2, 3, 4};
  const auto kept = shares(MaskKind::kGuidedKeep, 0.75, attention);  // one of four
  const auto left = shares(MaskKind::kGuidedDrop, 0.25, attention);  // all but one
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(kept[i], attention[i] / 10, kShareTolerance) << i;
    EXPECT_NEAR(1 - left[i], attention[i] / 10, kShareTolerance) << i;
  }
}

TEST(Mask, SecondDrawIsInProportionToWhatIsLeft) {
  // P(patch 0 among two of weights 1, 1, 2) = 1/4 + 1/4 * 1/3 + 1/2 * 1/2 = 7/12
  const auto kept = shares(MaskKind::kGuidedKeep, 1.0 / 3, {1, 1, 2});
  EXPECT_NEAR(kept[0], 7.0 / 12, kShareTolerance);
  EXPECT_NEAR(kept[2], 10.0 / 12, kShareTolerance);
}

TEST(Mask, RandomDrawsUniformly) {
  for (const double share : shares(MaskKind::kRandom, 0.5, {1, 2, 3, 4})) {
    EXPECT_NEAR(share, 0.5, kShareTolerance);
  }
}

TEST(Mask, PatchesWithoutAttentionComeLastAndAlike) {
  const auto kept = shares(MaskKind::kGuidedKeep, 0.5, {0, 1, 0, 0});
  EXPECT_EQ(kept[1], 1.0);
  EXPECT_NEAR(kept[0], 1.0 / 3, kShareTolerance);
  EXPECT_NEAR(kept[3], 1.0 / 3, kShareTolerance);
}

TEST(Mask, RefusesARatioThatKeepsNothing) {
  Rng rng(1);
  const std::vector<float> attention(4, 1.0F);
  for (const double ratio : {-0.1, 1.0, 2.0, std::nan("")}) {
    EXPECT_THROW(draw_kept_patches(MaskKind::kRandom, ratio, attention, rng), Error);
  }
  EXPECT_THROW(draw_kept_patches(MaskKind::kRandom, 0.5, {}, rng), Error);
}

}  // namespace
}  // namespace novelty
