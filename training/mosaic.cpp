// SPDX-License-Identifier: Apache-2.0
// Scenes of several things, made of images of one.
#include "mosaic.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/rng.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::size_t kTiles = 4;

// Each kind of mosaic draws from a stream of its own.
enum Stream : std::uint64_t { kTrain = 1, kNormal, kNovel };

// Of the tiles of a mosaic, the least and the most that are foreign.
struct ForeignCount {
  std::uint64_t least, most;
};

class Drawer {
 public:
  // images: of one split.
  Drawer(const ImagesByClass& images, const std::string& name) : own_(images.at(name)) {
    for (const auto& [other, files] : images) {
      if (other == name) continue;
      for (const ImageFile& file : files) foreign_.push_back(&file);
    }
  }

  std::vector<ImageFile> draw(const std::string& kind, std::size_t count, ForeignCount foreign,
                              Rng rng) const {
    std::vector<ImageFile> mosaics;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<const ImageFile*> tiles;
      const std::uint64_t others = foreign.least + rng.below(foreign.most - foreign.least + 1);
      for (std::uint64_t k = 0; k < kTiles; ++k)
        tiles.push_back(k < others ? foreign_[rng.below(foreign_.size())]
                                   : &own_[rng.below(own_.size())]);
      for (std::size_t k = kTiles - 1; k > 0; --k) std::swap(tiles[k], tiles[rng.below(k + 1)]);
      ImageFile& mosaic = mosaics.emplace_back();
      mosaic.name = kind + "/" + std::to_string(i);
      for (const ImageFile* tile : tiles) mosaic.tiles.push_back(*tile);
    }
    return mosaics;
  }

 private:
  const std::vector<ImageFile>& own_;
  std::vector<const ImageFile*> foreign_;
};

std::string class_of(const ImageFile& image) {
  return std::filesystem::path(image.name).parent_path().filename().string();
}

}  // namespace

bool is_mosaic(const std::string& protocol) {
  return protocol.starts_with("mosaic-");
}

MosaicSet mosaics_of(const ClassData& data, const std::string& name, const std::string& protocol,
                     std::size_t train, std::size_t test, std::uint64_t seed) {
  if (!data.train.contains(name) || !data.test.contains(name) || data.test.size() < 2)
    throw Error(ErrorKind::kSettings, name, "has no images to make mosaics of",
                "use names of folders in train and test");
  const bool strict = protocol == "mosaic-strict", any = protocol == "mosaic-any";
  if (!strict && !any && protocol != "mosaic-none")
    throw Error(ErrorKind::kSettings, "--protocol " + protocol, "there is no such protocol",
                "use mosaic-strict, mosaic-none or mosaic-any");
  const std::string normal = any ? name + "-among-others" : name;
  const std::string novel = strict ? name + "-and-one-foreign" : "no-" + name;
  const ForeignCount own = any ? ForeignCount{0, kTiles - 1} : ForeignCount{0, 0};
  const ForeignCount foreign = strict ? ForeignCount{1, 1} : ForeignCount{kTiles, kTiles};
  MosaicSet set;
  set.data.train[normal] = Drawer(data.train, name).draw(normal, train, own, Rng(seed, kTrain));
  const Drawer tests(data.test, name);
  set.data.test[normal] = tests.draw(normal, test, own, Rng(seed, kNormal));
  set.data.test[novel] = tests.draw(novel, test, foreign, Rng(seed, kNovel));
  set.task = {.name = name, .normal = {normal}, .novel = {novel}, .model = normal};
  return set;
}

std::vector<std::uint8_t> foreign_tiles(const ImageFile& mosaic, const std::string& name) {
  std::vector<std::uint8_t> foreign;
  for (const ImageFile& tile : mosaic.tiles) foreign.push_back(class_of(tile) == name ? 0 : 1);
  return foreign;
}

}  // namespace novelty
