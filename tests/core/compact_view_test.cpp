// SPDX-License-Identifier: Apache-2.0
// The views a compact network learns from: pure functions of the draw, mirrored, cropped, in range.
#include "trainer/compact_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace novelty {
namespace {

constexpr int kSize = 64, kPatch = 16;
constexpr int kWidth = 96, kHeight = 80;

// Red grows to the right, green downwards.
std::vector<std::uint8_t> ramp() {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x)
      for (const int value : {40 + x, 40 + y, 128})
        pixels.push_back(static_cast<std::uint8_t>(value));
  return pixels;
}

FrameView view_of(const std::vector<std::uint8_t>& pixels) {
  FrameView view;
  view.width = kWidth;
  view.height = kHeight;
  view.planes[0] = {pixels.data(), kWidth * 3};
  return view;
}

// Mean of a channel over the left (or upper) half less that over the other.
double slope(const std::vector<float>& patches, int channel, bool horizontal) {
  const auto picture = picture_of(patches, kSize, kPatch);
  double difference = 0;
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) {
      const bool first = (horizontal ? x : y) < kSize / 2;
      difference += (first ? -1 : 1) * picture[(y * kSize + x) * 3 + channel];
    }
  return difference / (kSize * kSize / 2.0);
}

class CompactView : public ::testing::Test {
 protected:
  CompactView() { views_.set_picture(view_of(pixels_)); }

  std::vector<float> draw(std::uint64_t stream, bool whole) {
    Rng rng(1, stream);
    std::vector<float> patches;
    views_.draw(rng, whole, patches);
    return patches;
  }

  const std::vector<std::uint8_t> pixels_ = ramp();
  CompactViews views_{kSize, kPatch};
};

TEST_F(CompactView, IsAPureFunctionOfTheDraw) {
  EXPECT_EQ(draw(3, false), draw(3, false));
  EXPECT_NE(draw(3, false), draw(4, false));
}

TEST_F(CompactView, HasTheNetworksLayoutAndRange) {
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto patches = draw(i, i % 2 == 0);
    ASSERT_EQ(patches.size(), 3U * kSize * kSize);
    EXPECT_TRUE(
        std::all_of(patches.begin(), patches.end(), [](float v) { return v >= 0 && v <= 1; }));
  }
}

TEST_F(CompactView, MirrorsLeftAndRightHalfTheTimeAndNeverUpAndDown) {
  int mirrored = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const auto patches = draw(i, true);
    mirrored += slope(patches, 0, true) < 0 ? 1 : 0;
    EXPECT_GT(slope(patches, 1, false), 0) << i;
  }
  EXPECT_GT(mirrored, 70);
  EXPECT_LT(mirrored, 130);
}

TEST_F(CompactView, PartsShowLessOfThePicture) {
  double whole = 0, part = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    whole += std::abs(slope(draw(i, true), 0, true));
    part += std::abs(slope(draw(i, false), 0, true));
  }
  EXPECT_LT(part, 0.9 * whole);
  EXPECT_GT(part, 0.4 * whole);
}

}  // namespace
}  // namespace novelty
