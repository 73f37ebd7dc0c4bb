// SPDX-License-Identifier: Apache-2.0
// Mosaics of images: what is drawn, and what the networks are shown of it.
#include "mosaic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "made_files.h"
#include "novelty/error.h"
#include "picture.h"
#include "temp_dir.h"

namespace novelty {
namespace {

constexpr std::size_t kTrain = 40, kTest = 60;

ClassData made_data() {
  ClassData data;
  for (const char* name : {"cat", "dog", "ship"}) {
    for (int i = 0; i < 9; ++i) {
      const std::string file = std::string(name) + "/" + std::to_string(i) + ".png";
      data.train[name].push_back({"train/" + file, "train/" + file});
      data.test[name].push_back({"test/" + file, "test/" + file});
    }
  }
  return data;
}

int foreign_in(const ImageFile& mosaic, const std::string& name) {
  const auto foreign = foreign_tiles(mosaic, name);
  return std::accumulate(foreign.begin(), foreign.end(), 0);
}

std::set<int> foreign_counts(const std::vector<ImageFile>& mosaics, const std::string& name) {
  std::set<int> counts;
  for (const ImageFile& mosaic : mosaics) counts.insert(foreign_in(mosaic, name));
  return counts;
}

TEST(Mosaics, OfTheStrictRuleHaveOneForeignTileInAnyPlace) {
  const MosaicSet set = mosaics_of(made_data(), "cat", "mosaic-strict", kTrain, kTest, 1);
  EXPECT_EQ(set.task.name, "cat");
  EXPECT_EQ(set.data.train.at("cat").size(), kTrain);
  EXPECT_EQ(foreign_counts(set.data.train.at("cat"), "cat"), std::set<int>{0});
  EXPECT_EQ(foreign_counts(set.data.test.at("cat"), "cat"), std::set<int>{0});
  const auto& novel = set.data.test.at(*set.task.novel.begin());
  EXPECT_EQ(novel.size(), kTest);
  EXPECT_EQ(foreign_counts(novel, "cat"), std::set<int>{1});
  std::set<std::ptrdiff_t> places;
  for (const ImageFile& mosaic : novel) {
    const auto foreign = foreign_tiles(mosaic, "cat");
    places.insert(std::find(foreign.begin(), foreign.end(), 1) - foreign.begin());
  }
  EXPECT_EQ(places.size(), 4U);
}

TEST(Mosaics, OfTheOtherRulesHaveWhatTheySay) {
  const MosaicSet none = mosaics_of(made_data(), "cat", "mosaic-none", kTrain, kTest, 1);
  EXPECT_EQ(foreign_counts(none.data.train.at("cat"), "cat"), std::set<int>{0});
  EXPECT_EQ(foreign_counts(none.data.test.at("no-cat"), "cat"), std::set<int>{4});
  const MosaicSet any = mosaics_of(made_data(), "cat", "mosaic-any", kTrain, kTest, 1);
  EXPECT_EQ(foreign_counts(any.data.train.at("cat-among-others"), "cat"),
            (std::set<int>{0, 1, 2, 3}));
  EXPECT_EQ(foreign_counts(any.data.test.at("cat-among-others"), "cat"),
            (std::set<int>{0, 1, 2, 3}));
  EXPECT_EQ(foreign_counts(any.data.test.at("no-cat"), "cat"), std::set<int>{4});
}

std::vector<std::string> tiles_of(const std::vector<ImageFile>& mosaics) {
  std::vector<std::string> names;
  for (const ImageFile& mosaic : mosaics)
    for (const ImageFile& tile : mosaic.tiles) names.push_back(tile.name);
  return names;
}

TEST(Mosaics, AreThoseOfTheirSeedAndKeepSplitsApart) {
  const auto drawn = [](std::uint64_t seed) {
    return mosaics_of(made_data(), "dog", "mosaic-any", kTrain, kTest, seed).data;
  };
  const std::string kind = "dog-among-others";
  const auto train = tiles_of(drawn(5).train.at(kind));
  EXPECT_EQ(tiles_of(drawn(5).train.at(kind)), train);
  EXPECT_NE(tiles_of(drawn(6).train.at(kind)), train);
  for (const std::string& name : train) EXPECT_TRUE(name.starts_with("train/")) << name;
  for (const std::string& name : tiles_of(drawn(5).test.at(kind)))
    EXPECT_TRUE(name.starts_with("test/")) << name;
}

TEST(Mosaics, RefuseWhatIsNotThere) {
  EXPECT_THROW(mosaics_of(made_data(), "bird", "mosaic-any", 1, 1, 0), Error);
  EXPECT_THROW(mosaics_of(made_data(), "cat", "mosaic-some", 1, 1, 0), Error);
  ClassData alone = made_data();
  alone.test.erase("dog");
  alone.test.erase("ship");
  EXPECT_THROW(mosaics_of(alone, "cat", "mosaic-any", 1, 1, 0), Error);
}

TEST(Mosaics, AreReadAsOnePictureInTheOrderOfTheirTiles) {
  const testing::TempDir folder;
  ImageFile mosaic{"four", ""};
  int side = 8;
  for (const unsigned rgb : {0x102030U, 0x405060U, 0x708090U, 0xa0b0c0U}) {
    const std::string path = folder / (std::to_string(rgb) + ".png");
    testing::make_image(path, side, side, rgb);
    mosaic.tiles.push_back({path, path});
    side += 4;  // of other sizes than the first
  }
  const Picture picture = read_picture(mosaic);
  ASSERT_EQ(picture.width, 16);
  ASSERT_EQ(picture.height, 16);
  const auto blue_at = [&](int x, int y) {
    return picture.bgr.at(static_cast<std::size_t>(y * 16 + x) * 3);
  };
  EXPECT_EQ(blue_at(0, 0), 0x30);
  EXPECT_EQ(blue_at(7, 7), 0x30);
  EXPECT_EQ(blue_at(8, 0), 0x60);
  EXPECT_EQ(blue_at(0, 8), 0x90);
  EXPECT_EQ(blue_at(15, 15), 0xc0);
  std::filesystem::remove(mosaic.tiles.back().path);
  EXPECT_THROW(read_picture(mosaic), Error);
}

}  // namespace
}  // namespace novelty
