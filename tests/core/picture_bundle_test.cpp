// SPDX-License-Identifier: Apache-2.0
// Model bundles with a picture term: what is stored of it, and what is refused.
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "bundle/bundle.h"
#include "novelty/error.h"
#include "refused_bundle.h"
#include "small_bundle.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::expect_refused;
using testing::SmallBundle;

void add_picture(SmallBundle& small) {
  const auto size = static_cast<std::size_t>(2 * small.config.width);
  small.bundle.picture.mean.assign(size, 0.25F);
  small.bundle.picture.whitening.assign(size * size, 0);
  for (std::size_t i = 0; i < size; ++i) small.bundle.picture.whitening[i * (size + 1)] = 2;
  small.bundle.score.picture = {1.5, 0.25};
}

TEST(PictureBundle, RoundTripsThePictureTerm) {
  SmallBundle small;
  add_picture(small);
  const Bundle read = parse_bundle(testing::bytes_of(small), "m.novelty");
  EXPECT_EQ(read.picture.mean, small.bundle.picture.mean);
  EXPECT_EQ(read.picture.whitening, small.bundle.picture.whitening);
  EXPECT_EQ(read.score.picture.start, 1.5);
  EXPECT_EQ(read.score.picture.scale, 0.25);
}

TEST(PictureBundle, BundlesWithoutItSayNothingOfIt) {
  const SmallBundle small;
  const Bundle read = parse_bundle(testing::bytes_of(small), "m.novelty");
  EXPECT_TRUE(read.picture.empty());
  EXPECT_FALSE(json::parse(read.info.facts_json).at("score").contains("picture"));
}

TEST(PictureBundle, RefusesTensorsOfOtherSizesAndMissingScales) {
  SmallBundle small;
  add_picture(small);
  const auto bytes = testing::bytes_of(small);
  const SafetensorsFile file = SafetensorsFile::parse(bytes, {});
  TensorMap tensors = file.tensors();
  tensors.at("picture.mean").shape = {1, tensors.at("picture.mean").shape.front()};
  expect_refused(testing::sealed(tensors, file.metadata()), "picture.mean");
  tensors = file.tensors();
  tensors.erase("picture.whitening");
  expect_refused(testing::sealed(tensors, file.metadata()), "picture.whitening");
  json facts = json::parse(file.metadata().at("novelty.facts"));
  facts["score"].erase("picture");
  expect_refused(testing::with_facts(bytes, facts.dump()), "picture");
}

}  // namespace
}  // namespace novelty
