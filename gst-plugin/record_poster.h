// SPDX-License-Identifier: Apache-2.0
// Makes the still of an event's peak, plain and with its anomaly map, of what was recorded.
#pragma once

#include <cstddef>
#include <vector>

#include "noveltymeta.h"
#include "record_picture.h"
#include "record_ring.h"

namespace novelty {

/// A picture in its encoded stream.
struct PeakPicture {
  std::vector<RecordUnit> units;  ///< from a key frame to the picture, which is the last
  NoveltyMeta meta;               ///< its map and regions
};

/// The bytes that it keeps alive.
std::size_t size_of(const PeakPicture& peak);

struct Poster {
  SharedSample plain;
  SharedSample with_map;  ///< null without a map
};

/// Decodes the units with what is installed, and draws. Takes as long as that takes, at most ten
/// seconds without a picture. Thread: any. Throws: Error(kWrite) when a decoder is missing or the
/// stream is broken.
Poster make_poster(const PeakPicture& peak);

}  // namespace novelty
