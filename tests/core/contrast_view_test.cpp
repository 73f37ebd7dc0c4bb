// SPDX-License-Identifier: Apache-2.0
// The views of contrastive fine-tuning: parts of a picture, mirrored or not, in other colours.
#include "trainer/contrast_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "trainer/picture_part.h"

namespace novelty {
namespace {

constexpr int kSize = 64, kPatch = 16, kPlane = kPatch * kPatch;

// One colour everywhere, as patches.
std::vector<float> plain(float red, float green, float blue) {
  std::vector<float> patches;
  for (int patch = 0; patch < 16; ++patch)
    for (const float value : {red, green, blue}) patches.insert(patches.end(), kPlane, value);
  return patches;
}

std::array<float, 3> colour_of(const std::vector<float>& patches) {
  return {patches[0], patches[kPlane], patches[2 * kPlane]};
}

double luma(const std::array<float, 3>& c) {
  return 0.299 * double{c[0]} + 0.587 * double{c[1]} + 0.114 * double{c[2]};
}

TEST(ChangeColours, LeavesAPictureThatNothingIsDoneTo) {
  auto patches = plain(0.2F, 0.5F, 0.7F);
  change_colours({}, kPatch, patches);
  const auto colour = colour_of(patches);
  EXPECT_NEAR(colour[0], 0.2, 2e-3);
  EXPECT_NEAR(colour[1], 0.5, 2e-3);
  EXPECT_NEAR(colour[2], 0.7, 2e-3);
}

TEST(ChangeColours, BrightnessIsAFactorAndClamps) {
  auto patches = plain(0.2F, 0.5F, 0.9F);
  change_colours({.brightness = 1.4}, kPatch, patches);
  const auto colour = colour_of(patches);
  EXPECT_NEAR(colour[0], 0.28, 4e-3);
  EXPECT_NEAR(colour[1], 0.7, 4e-3);
  EXPECT_EQ(colour[2], 1);
}

TEST(ChangeColours, ContrastKeepsTheMeanOfThePicture) {
  auto patches = plain(0.4F, 0.4F, 0.4F);
  std::fill_n(patches.begin(), patches.size() / 2, 0.2F);  // the upper half
  change_colours({.contrast = 0.5}, kPatch, patches);
  EXPECT_NEAR(patches.front(), 0.25, 2e-3);
  EXPECT_NEAR(patches.back(), 0.35, 2e-3);
}

TEST(ChangeColours, GreyAndHueKeepTheBrightness) {
  const double before = luma({0.3F, 0.5F, 0.4F});
  auto grey = plain(0.3F, 0.5F, 0.4F), turned = grey, paler = grey;
  change_colours({.grey = true}, kPatch, grey);
  EXPECT_NEAR(colour_of(grey)[0], before, 3e-3);
  EXPECT_NEAR(colour_of(grey)[2], before, 3e-3);
  change_colours({.hue = 1.0}, kPatch, turned);
  EXPECT_NEAR(luma(colour_of(turned)), before, 3e-3);
  EXPECT_GT(std::abs(colour_of(turned)[0] - 0.3F), 0.03F);
  change_colours({.saturation = 0.5}, kPatch, paler);
  EXPECT_NEAR(luma(colour_of(paler)), before, 3e-3);
  EXPECT_NEAR(colour_of(paler)[0], (0.3 + before) / 2, 3e-3);
}

TEST(DrawPart, StaysInThePictureAndInItsRange) {
  for (std::uint64_t stream = 0; stream < 200; ++stream) {
    Rng rng(3, stream);
    const PicturePart part = draw_part(rng, 200, 0.1, 0.3, 0.2);
    EXPECT_GE(part.x, 0);
    EXPECT_GE(part.y, 0);
    EXPECT_LE(part.x + part.width, 200);
    EXPECT_LE(part.y + part.height, 200);
    const double area = part.width * part.height / 40000.0;
    EXPECT_GT(area, 0.095);
    EXPECT_LT(area, 0.305);
  }
}

class ContrastView : public ::testing::Test {
 protected:
  std::vector<float> draw(std::uint64_t stream) {
    Rng rng(1, stream);
    std::vector<float> view;
    views_.draw(rng, view);
    return view;
  }

  ContrastViews views_{kSize, kPatch};
};

TEST_F(ContrastView, IsAPureFunctionOfTheDraw) {
  views_.set_picture(plain(0.2F, 0.5F, 0.7F));
  EXPECT_EQ(draw(1), draw(1));
  std::set<float> shades;
  for (std::uint64_t stream = 0; stream < 20; ++stream) shades.insert(draw(stream).front());
  EXPECT_GT(shades.size(), 10U);
}

TEST_F(ContrastView, IsMirroredInHalfOfTheDraws) {
  auto picture = plain(0.2F, 0.2F, 0.2F);
  for (std::size_t patch = 0; patch < 16; ++patch)
    if (patch % 4 > 1) std::fill_n(&picture[patch * 3 * kPlane], 3 * kPlane, 0.8F);  // on the right
  views_.set_picture(picture);
  int brighter_left = 0, brighter_right = 0;
  for (std::uint64_t stream = 0; stream < 300; ++stream) {
    const auto view = draw(stream);
    const float left = view[0], right = view[static_cast<std::size_t>(3) * 3 * kPlane + kPatch - 1];
    if (left > right + 0.1F) ++brighter_left;
    if (right > left + 0.1F) ++brighter_right;
  }
  EXPECT_GT(brighter_left, 60);
  EXPECT_GT(brighter_right, 60);
}

}  // namespace
}  // namespace novelty
