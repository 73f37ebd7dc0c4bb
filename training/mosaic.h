// SPDX-License-Identifier: Apache-2.0
// Scenes of several things, made of images of one: mosaics of 2 x 2 images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "class_data.h"

namespace novelty {

/// Whether `protocol` is one of those below.
bool is_mosaic(const std::string& protocol);

/// One class as the normal one of mosaics.
struct MosaicSet {
  ClassData data;
  ClassTask task;
};

/// Draws mosaics of `name`'s images and of all other classes'; the same for the same seed. An image
/// may be in several. The protocols:
/// - mosaic-strict learns from four images of the class; four of them are normal, three and a
///   foreign one in any place are novel. What a scene's guard has to tell apart.
/// - mosaic-none learns the same; novel is what has no image of the class at all.
/// - mosaic-any, the paper's rule, learns from mosaics with one to four images of the class, the
///   rest foreign; such are normal, those without any are novel.
/// train, test: mosaics to learn from, and to rank of each kind.
/// Throws: Error(kSettings) when there is no such class or protocol.
MosaicSet mosaics_of(const ClassData& data, const std::string& name, const std::string& protocol,
                     std::size_t train, std::size_t test, std::uint64_t seed);

/// Which of a mosaic's four tiles are of another class than `name`, by their folders; in the order
/// of ImageFile::tiles.
std::vector<std::uint8_t> foreign_tiles(const ImageFile& mosaic, const std::string& name);

}  // namespace novelty
