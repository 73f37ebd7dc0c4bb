// SPDX-License-Identifier: Apache-2.0
// When two prepared pictures count as the same.
#include <gtest/gtest.h>

#include <vector>

#include "image/patch_change.h"

namespace novelty {
namespace {

constexpr std::size_t kPatch = 35;  // two runs of 16 and a rest

std::vector<float> picture() {
  std::vector<float> values;
  for (std::size_t i = 0; i < 4 * kPatch; ++i) values.push_back(static_cast<float>(i % 7) / 8);
  return values;
}

TEST(PatchesAlike, AtZeroOnlyWhenEqual) {
  auto other = picture();
  EXPECT_TRUE(patches_alike(picture(), other, kPatch, 0));
  other.back() += 1e-6F;
  EXPECT_FALSE(patches_alike(picture(), other, kPatch, 0));
  EXPECT_TRUE(patches_alike(picture(), other, kPatch, 1e-6));
}

TEST(PatchesAlike, ByTheMeanOfEachPatchAndNotOfAll) {
  for (std::size_t at = 0; at < picture().size(); ++at) {
    auto other = picture();
    other[at] += at % 2 == 0 ? 0.5F : -0.5F;
    EXPECT_TRUE(patches_alike(picture(), other, kPatch, 0.5 / kPatch + 1e-6)) << at;
    EXPECT_FALSE(patches_alike(picture(), other, kPatch, 0.5 / kPatch - 1e-6)) << at;
  }
}

TEST(PatchesAlike, NotOfAnotherNumberOrWithoutOne) {
  auto other = picture();
  other.resize(kPatch);
  EXPECT_FALSE(patches_alike(picture(), other, kPatch, 1));
  other = picture();
  other[3] = __builtin_nanf("");
  EXPECT_FALSE(patches_alike(picture(), other, kPatch, 1));
}

}  // namespace
}  // namespace novelty
