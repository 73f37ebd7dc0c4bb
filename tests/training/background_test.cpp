// SPDX-License-Identifier: Apache-2.0
// Background subtraction, the baselines of an evaluation.
#include "background.h"

#include <gtest/gtest.h>

#include <vector>

namespace novelty {
namespace {

constexpr int kSize = 32;
using Rgb = std::vector<std::uint8_t>;

/// A grey picture, its upper `rows` rows of `top`.
Rgb picture(std::uint8_t grey, int rows = 0, std::uint8_t top = 0) {
  Rgb rgb(kSize * kSize * 3, grey);
  std::fill_n(rgb.begin(), rows * kSize * 3, top);
  return rgb;
}

void learn(Background& background, const Rgb& rgb, int times) {
  for (int i = 0; i < times; ++i) background.learn(rgb);
}

TEST(Mog2, ScoresTheShareOfWhatIsNew) {
  const auto background = make_mog2(kSize);
  EXPECT_EQ(background->score(picture(100)), 0);  // before it has learnt
  learn(*background, picture(100), 30);
  EXPECT_EQ(background->score(picture(100)), 0);
  EXPECT_NEAR(background->score(picture(100, 8, 250)), 0.25, 1e-9);
}

TEST(Mog2, IsNotChangedByScoring) {
  const auto background = make_mog2(kSize);
  learn(*background, picture(100), 30);
  for (int i = 0; i < 500; ++i) background->score(picture(250));
  EXPECT_EQ(background->score(picture(250)), 1);
  EXPECT_EQ(background->score(picture(100)), 0);
}

TEST(Mog2, TakesInWhatItGoesOnSeeing) {
  const auto background = make_mog2(kSize);
  learn(*background, picture(100), 30);
  learn(*background, picture(250), 300);
  EXPECT_EQ(background->score(picture(250)), 0);
}

TEST(MedianDifference, IsTheMeanDistanceFromTheMedian) {
  const auto background = make_median_difference(kSize, 5);
  EXPECT_EQ(background->score(picture(100)), 0);
  learn(*background, picture(100), 3);
  learn(*background, picture(200), 2);
  EXPECT_EQ(background->score(picture(100)), 0);
  EXPECT_NEAR(background->score(picture(100, 16, 151)), 0.5 * 51 / 255, 1e-9);
}

TEST(MedianDifference, KeepsAnEvenSampleOfManyPictures) {
  const auto background = make_median_difference(kSize, 200);
  learn(*background, picture(100), 120);
  learn(*background, picture(200), 80);
  EXPECT_EQ(background->score(picture(100)), 0);
}

}  // namespace
}  // namespace novelty
